package main

import (
	"runtime/debug"
	"testing"
)

func TestDescribe(t *testing.T) {
	revision := []debug.BuildSetting{
		{Key: "vcs", Value: "git"},
		{Key: "vcs.revision", Value: "7b7e839"},
		{Key: "vcs.time", Value: "2026-11-23T08:29:37Z"},
	}
	modified := append(revision[:3:3], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, tt := range []struct {
		name, version string
		settings      []debug.BuildSetting
		want          string
	}{
		{"release", "v1.2.3", revision, "brownout v1.2.3, git 7b7e839 of 2026-11-23T08:29:37Z, go1.26.0"},
		{"work in progress", "(devel)", modified, "brownout (devel), git 7b7e839 of 2026-11-23T08:29:37Z, modified, go1.26.0"},
		{"no repository", "(devel)", nil, "brownout (devel), go1.26.0"},
		{"test", "", nil, "brownout, go1.26.0"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: tt.version}, Settings: tt.settings}
		if got := describe(info); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
