package fault_test

import (
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
)

// starves checks what a storm does to a loop: while it lasts, no timer fires; with a
// budget, or when it misses at times, they do; when it ends, all is well.
func starves(t *testing.T, kind string) {
	t.Helper()
	onLoop(t, func(v *victim) {
		until(func() bool { return v.ticks.Load() > 0 })
		v.inject(kind, "chains=3", fault.Spec{})
		until(func() bool { return v.hits(kind) > 10_000 })
		before := v.ticks.Load()
		until(func() bool { return v.hits(kind) > 500_000 })
		if s := v.loop.State(); v.ticks.Load() != before || s.Running != kind || s.Microtasks < 10_000 {
			t.Errorf("in the storm %d timers fired; %+v", v.ticks.Load()-before, s)
		}
		v.loop.SetMicrotaskBudget(1000)
		until(func() bool { return v.ticks.Load() > before+10 })
		v.loop.SetMicrotaskBudget(0)
		v.ClearAll()
		v.comesThrough()
		v.inject(kind, "", fault.Spec{Toxicity: 0.9})
		before = v.ticks.Load()
		until(func() bool { return v.ticks.Load() > before+10 })
		v.ClearAll()
		v.comesThrough()
		before = int64(v.hits(kind))
		v.inject(kind, "chains=7", fault.Spec{First: 1000})
		until(func() bool { return v.hits(kind) >= int(before)+1000 })
		v.comesThrough()
		if n := v.hits(kind) - int(before); n != 1000 {
			t.Errorf("%d of the first 1000", n)
		}
	})
}

func TestWithoutALoopThereAreNoStorms(t *testing.T) {
	in := injector(t, fault.Catalogue(fault.Host{})...)
	for _, kind := range []string{"loop.block", "loop.tick-storm", "loop.promise-storm", "loop.timer-storm"} {
		_, err := in.Inject(fault.Spec{Fault: kind, TTL: time.Minute})
		if err == nil || !strings.Contains(err.Error(), "this process has no loop") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
