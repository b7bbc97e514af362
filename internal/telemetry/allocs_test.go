//go:build !race

package telemetry_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/telemetry"
)

// The race detector has pools forget, so that these hold without it only.

func TestUnsampledRequestDoesNotAllocate(t *testing.T) {
	tr, _ := tracing(t, telemetry.TracingConfig{})
	times := momentsOf()
	if n := testing.AllocsPerRun(1000, func() { request(tr, times) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestObserverDoesNotAllocate(t *testing.T) {
	m := telemetry.NewLoopMetrics(prometheus.NewRegistry())
	stats := busyTurn()
	if n := testing.AllocsPerRun(100, func() { m.LoopDelay(ms); m.TurnEnd(stats) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	reg := prometheus.NewRegistry()
	goodput := telemetry.NewGoodputMetrics(reg, map[string]time.Duration{"a": ms})
	requests, calls, jobs := telemetry.NewHTTPMetrics(reg, []string{"a"}), telemetry.NewClientMetrics(reg), telemetry.NewPoolMetrics(reg)
	for _, c := range []struct {
		name    string
		observe func()
	}{
		{"requests", func() { requests.Observe("a", 200, ms) }},
		{"goodput", func() { goodput.Observe("a", 200, ms) }},
		{"arrivals", func() { requests.Arrive("a", time.Now()) }},
		{"calls", func() { calls.Observe("a", "b", 1, "ok", ms) }},
		{"jobs", func() { jobs.JobDone("a", ms, ms) }},
	} {
		if n := testing.AllocsPerRun(100, c.observe); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
