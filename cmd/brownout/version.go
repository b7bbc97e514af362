package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// version says what the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "brownout (built without module support)"
	}
	return describe(info)
}

// describe puts module version, revision and Go version on one line. What was
// not recorded, such as the revision in a test, is left out.
func describe(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace("brownout " + info.Main.Version))
	if revision := settings["vcs.revision"]; revision != "" {
		fmt.Fprintf(&b, ", %s %s of %s", settings["vcs"], revision, settings["vcs.time"])
	}
	if settings["vcs.modified"] == "true" {
		b.WriteString(", modified")
	}
	fmt.Fprintf(&b, ", %s", info.GoVersion)
	return b.String()
}
