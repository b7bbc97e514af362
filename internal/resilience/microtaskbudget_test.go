package resilience_test

import (
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// A storm of ticks takes a millisecond for each, while a timer is due.
func TestMicrotaskBudget(t *testing.T) {
	for _, c := range []struct {
		on    bool
		ticks int // before the timer
	}{{true, 20}, {false, 500}} {
		onLoop(t, func(task *loop.Task) {
			r := resilience.NewRegistry(nil)
			resilience.NewMicrotaskBudget(r, task.Loop(), 10)
			set(t, r, resilience.MicrotaskBudget, c.on)
			ticks, before := 0, 0
			task.Loop().SetTimeout("due", 15*ms, func() { before = ticks })
			var storm func()
			storm = func() {
				time.Sleep(ms)
				if ticks++; ticks < 500 {
					task.Loop().NextTick("storm", storm)
				}
			}
			task.Loop().SetImmediate("begin", storm)
			task.Sleep(time.Minute)
			if before < c.ticks-1 || before > c.ticks+1 {
				t.Errorf("on %v: the timer came after %d ticks, want %d", c.on, before, c.ticks)
			}
		})
	}
}
