package loadgen_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

func runWithProgress(t *testing.T, width func() int) string {
	t.Helper()
	var out strings.Builder
	run := loadgen.Run{
		Progress: loadgen.NewProgress(&out, width, 3500*time.Millisecond),
		Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
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
	columns := func(n int) func() int { return func() int { return n } }
	live := func(lines ...string) string { return "\r\x1b[K" + strings.Join(lines, "\r\x1b[K") + "\r\x1b[K" }
	for _, tt := range []struct {
		name  string
		width func() int
		want  string
	}{
		{"lines", nil, first + "\n" + second + "\n" + third + "\n"},
		{"wide", columns(200), live(first, second, third)},
		{"just wide enough", columns(len(first) + 3), live(first, second, third)},
		{"unknown", columns(0), live(first, second, third)},
		{"narrow", columns(len(first) + 2), live(strings.TrimSuffix(first, ", p99 10ms"), strings.TrimSuffix(second, ", p99 20ms"), third)},
		{"very narrow", columns(13), live(first[:10], second[:10], third[:10])},
		{"nothing to see", columns(2), live("", "", "")},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := runWithProgress(t, tt.width); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}

// What is shown after an interrupt stays, whatever comes next.
func TestAnInterruptLeavesNoLineBehind(t *testing.T) {
	const said = "interrupted: waiting for answers; once more, and it ends at once\n"
	for _, tt := range []struct {
		name  string
		width func() int
		want  string
	}{
		{"terminal", func() int { return 80 }, "\r\x1b[K1s of 1h0m0s: nothing ended\r\x1b[K" + said},
		{"lines", nil, "1s of 1h0m0s: nothing ended\n" + said + "2s of 1h0m0s: 2 ended, 2 acknowledged, 0 unsent, p50 1.4s, p99 1.4s\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			run := loadgen.Run{
				Progress: loadgen.NewProgress(&out, tt.width, time.Hour),
				Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
					Pacer: loadgen.Constant(2, time.Hour), Scenario: fixed(t), Doer: answerAfter(1400 * time.Millisecond),
				}),
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
			defer cancel()
			if report, err := run.Do(ctx); err != nil || !report.Interrupted {
				t.Errorf("%+v, %v", report, err)
			}
			if got := out.String(); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}

// What several processes tell is shown as though one had done it.
func TestProgressAddsUpPulses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []loadgen.Pulse
		pulses := loadgen.NewPulses(patience(), func(encoded func() loadgen.Pulse) bool { told = append(told, encoded()); return true })
		run := loadgen.Run{
			Progress: pulses,
			Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Constant(10, 1500*time.Millisecond), Scenario: fixed(t), Doer: answerAfter(10 * time.Millisecond),
			}),
		}
		if _, err := run.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		progress := loadgen.NewProgress(&out, nil, time.Second)
		for range 2 {
			for _, p := range append(told, pulses.Rest()) {
				if err := progress.Merge(p); err != nil {
					t.Error(err)
				}
			}
		}
		progress.Tick(time.Now())
		if want := "0s of 1s: 30 ended, 30 acknowledged, 0 unsent, p50 10ms, p99 10ms\n"; out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	})
}

// What was said of one is said of the other: progress and metrics take the same pulses.
func TestPulsesThatAreBroken(t *testing.T) {
	for _, broken := range []loadgen.Pulse{
		{LateStarts: -1},
		{Routes: map[string]loadgen.RoutePulse{"a": {Unsent: -1}}},
		{Routes: map[string]loadgen.RoutePulse{"a": {Good: 1}}}, // whose latency nobody knows
		{Routes: map[string]loadgen.RoutePulse{"a": {Served: "x"}}},
		{Routes: map[string]loadgen.RoutePulse{"a": {Refused: otherKind}}},
	} {
		if loadgen.NewProgress(io.Discard, nil, time.Second).Merge(broken) == nil || loadgen.NewMetrics(nil, patience(), nil).Merge(broken) == nil {
			t.Errorf("%+v was merged", broken)
		}
	}
}

// A pulse that cannot be told now is told with the next. It is encoded when it is, whatever has ended since.
func TestNoPulseIsLost(t *testing.T) {
	var told []func() loadgen.Pulse
	busy := false
	pulses := loadgen.NewPulses(patience(), func(encoded func() loadgen.Pulse) bool {
		if busy = !busy; busy {
			return false
		}
		told = append(told, encoded)
		return true
	})
	for range 4 {
		pulses.Add(&evidence.Sample{Route: "a", Outcome: evidence.Unsent})
		pulses.Tick(time.Time{})
	}
	var ended []int64
	for _, encoded := range told {
		ended = append(ended, encoded().Routes["a"].Unsent)
	}
	if want := []int64{2, 2}; !slices.Equal(ended, want) {
		t.Errorf("told %d, want %d", ended, want)
	}
	pulses.Add(&evidence.Sample{Route: "a", Outcome: evidence.Unsent})
	if rest := pulses.Rest(); rest.Routes["a"].Unsent != 1 {
		t.Errorf("the rest is %+v", rest)
	}
}
