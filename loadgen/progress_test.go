package loadgen_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/loadgen"
)

func runWithProgress(t *testing.T, live bool) string {
	t.Helper()
	var out strings.Builder
	run := loadgen.Run{
		Progress: loadgen.NewProgress(&out, live, 2500*time.Millisecond),
		Attacker: loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer:    loadgen.Steps(2500*time.Millisecond, 10, 0, 0, 0, 10),
			Scenario: fixed(t), Doer: answerAfter(10 * time.Millisecond), MaxInFlight: 1,
		}),
	}
	if _, err := run.Do(t.Context()); err != nil {
		t.Error(err)
	}
	return out.String()
}

func TestProgress(t *testing.T) {
	const first = "1s of 2.5s: 5 ended, 5 acknowledged, 0 unsent, p50 10ms, p99 10ms"
	const second = "2s of 2.5s: nothing ended"
	for _, tt := range []struct {
		name string
		live bool
		want string
	}{
		{"lines", false, first + "\n" + second + "\n"},
		{"live", true, "\r" + first + "\r" + second + strings.Repeat(" ", len(first)-len(second)) + "\r" + strings.Repeat(" ", len(second)) + "\r"},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := runWithProgress(t, tt.live); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}
