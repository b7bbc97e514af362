package loadgen_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/loadgen"
)

func runWithProgress(t *testing.T, live bool) string {
	t.Helper()
	var out strings.Builder
	run := loadgen.Run{
		Progress: loadgen.NewProgress(&out, live, 3500*time.Millisecond),
		Attacker: loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer:    loadgen.Steps(3500*time.Millisecond, 10, 0, 10, 0, 0, 0, 10),
			Scenario: fixed(t), Doer: slower(), MaxInFlight: 1,
		}),
	}
	if _, err := run.Do(t.Context()); err != nil {
		t.Error(err)
	}
	return out.String()
}

// slower is a server that takes 10 ms, and after a second 20 ms.
func slower() doer {
	start := time.Now()
	return func(request *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
		if time.Since(start) < time.Second {
			return answerAfter(10*time.Millisecond)(request, answer, deadline)
		}
		return answerAfter(20*time.Millisecond)(request, answer, deadline)
	}
}

func TestProgress(t *testing.T) {
	const first = "1s of 3.5s: 5 ended, 5 acknowledged, 0 unsent, p50 10ms, p99 10ms"
	const second = "2s of 3.5s: 5 ended, 5 acknowledged, 0 unsent, p50 20ms, p99 20ms"
	const third = "3s of 3.5s: nothing ended"
	blank := strings.Repeat(" ", len(second)-len(third))
	for _, tt := range []struct {
		name string
		live bool
		want string
	}{
		{"lines", false, first + "\n" + second + "\n" + third + "\n"},
		{"live", true, "\r" + first + "\r" + second + "\r" + third + blank + "\r" + strings.Repeat(" ", len(third)) + "\r"},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := runWithProgress(t, tt.live); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}
