package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"
)

// told is the program of a build that does nothing but say something, and end with a status.
func told(t *testing.T, status int, says string) *shop {
	t.Helper()
	b := build{commit: "work", dir: t.TempDir()}
	script := fmt.Sprintf("#!/bin/sh\ncat <<'end'\n%s\nend\necho brownout: sorry >&2\nexit %d\n", says, status)
	if err := writeProgram(b.program(), []byte(script)); err != nil {
		t.Fatal(err)
	}
	return &shop{build: b}
}

func TestRecoveryIsWhatTheLastVerdictSays(t *testing.T) {
	const (
		invalid = `{"result":"INVALID","reasons":["on arm: the machine was busy"],"promises":[]}`
		verdict = `{"result":"%s","reasons":["r"],"promises":[{"check":{"measure":"goodput"},"measured":0.9},{"check":{"measure":"recovery"},"measured":%d}]}`
	)
	for _, row := range []struct {
		says   string
		status int
		took   time.Duration
		err    string
	}{
		{fmt.Sprintf(verdict, "PASS", 2), 0, 3 * time.Second, ""},
		{invalid + "\n" + fmt.Sprintf(verdict, "PASS", 0), 0, time.Second, ""},
		{fmt.Sprintf(verdict, "FAIL", -1), 1, noRecovery, ""},
		{invalid, 2, 0, "the drill spike of revision work is invalid: on arm: the machine was busy"},
		{`{"result":"PASS"}`, 0, 0, "does not say when the shop recovered"},
		{`{"result":"PASS","promises":[{"check":{"measure":"recovery"},"unmeasured":"too few"}]}`, 0, 0, "does not say when the shop recovered: too few"},
		{"", 1, 0, "the drill spike of revision work has no verdict: brownout: sorry"},
		{"", 3, 0, "revision work cannot run the drill spike: brownout: sorry"},
	} {
		n, values, err := measureRecovery(t.Context(), told(t, row.status, row.says), job{drill: "spike", seed: 3})
		_, misused := errors.AsType[Misuse](err)
		switch {
		case misused != (row.status == drillMisused):
			t.Errorf("%s: is %v a misuse?", row.says, err)
		case row.err != "":
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: error %v, want %s", row.says, err, row.err)
			}
		case err != nil || n != 1 || len(values) != 1 || values[0] != (benchfmt.Value{Value: float64(row.took), Unit: unitRecovery}):
			t.Errorf("%s: %v, %v, want %v", row.says, values, err, row.took)
		}
	}
}

// A child that is told to end may end in order: what it has made for itself it takes away.
func TestChildrenAreInterruptedOnce(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	const text = `#!/bin/sh
trap 'echo interrupted >>signals; sleep 0.2; exit 1' INT
echo ready >ready
while :; do sleep 0.05; done
`
	if err := writeProgram(script, []byte(text)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
				return
			}
		}
	}()
	if _, err := output(ctx, dir, script, ""); err == nil {
		t.Error("it was not interrupted")
	}
	signals, err := os.ReadFile(filepath.Join(dir, "signals"))
	if err != nil || string(signals) != "interrupted\n" {
		t.Errorf("signals: %q, %v", signals, err)
	}
}
