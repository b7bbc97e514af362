package fault_test

import (
	"testing"
	"time"

	"brownout/chaos/fault"
)

func TestTimerStorm(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			time.Sleep(time.Millisecond)
			quiet := v.loop.State().Depths.Timers
			v.inject("loop.timer-storm", "timers=12000 every=10ms", fault.Spec{})
			time.Sleep(105 * time.Millisecond)
			if set, n := v.loop.State().Depths.Timers-quiet, v.hits("loop.timer-storm"); set != 12_000 || n != 120_000 {
				t.Errorf("%d timers, which fired %d times, want 12000 and 120000", set, n)
			}
			v.ClearAll()
			time.Sleep(10 * time.Millisecond)
			if set := v.loop.State().Depths.Timers - quiet; set != 0 {
				t.Errorf("%d timers are left", set)
			}
			v.inject("loop.timer-storm", "timers=5", fault.Spec{First: 12})
			time.Sleep(time.Second)
			if set, n := v.loop.State().Depths.Timers-quiet, v.hits("loop.timer-storm"); set != 0 || n != 120_012 {
				t.Errorf("%d timers, which fired %d times after the first 12", set, n-120_000)
			}
		})
	})
}
