//go:build unix

package fleet_test

import (
	"strings"
	"testing"

	"brownout/loadgen/fleet"
)

// spawn starts an agent that is a shell's script.
func spawn(t *testing.T, script string) *fleet.Process {
	t.Helper()
	p, err := fleet.Spawn("agent 1", "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

// What becomes of an agent is said in its own words, if it has any.
func TestWhyAnAgentIsGone(t *testing.T) {
	for script, want := range map[string]struct {
		words int
		gone  string
	}{
		"exit 3":     {0, "exit status 3"},
		"exit 0":     {0, "ended by itself"},
		"kill -9 $$": {0, "signal: killed"},
		"echo '{}'; echo '{\"ready\":true}'; exit 1":    {2, "exit status 1"},
		"echo first >&2; echo brownout: last >&2; exit": {0, "last"},
		"echo hello; exec sleep 1000":                   {0, "said what is no word: "},
	} {
		p := spawn(t, script)
		words := 0
		for range p.Words() {
			words++
		}
		if words != want.words || !strings.HasPrefix(p.Gone(), want.gone) {
			t.Errorf("%s: %d words, and then %q", script, words, p.Gone())
		}
	}
}

func TestAnAgentHearsAndEndsWithItsPipe(t *testing.T) {
	p := spawn(t, "exec cat") // which says what it is told
	if err := p.Tell(fleet.Order{Stop: true}); err != nil {
		t.Fatal(err)
	}
	if _, more := <-p.Words(); !more {
		t.Fatalf("it is gone: %s", p.Gone())
	}
	p.Release()
	p.Release() // once more does nothing
	if _, more := <-p.Words(); more {
		t.Error("it is still there")
	}
}

func TestAnAgentThatCannotBeStarted(t *testing.T) {
	if _, err := fleet.Spawn("agent 1", t.TempDir()+"/none"); err == nil || !strings.HasPrefix(err.Error(), "agent 1: ") {
		t.Errorf("%v", err)
	}
}
