package resilience

import "brownout/internal/loop"

// NewMicrotaskBudget bounds the ticks of a turn of a loop to most, and its microtasks likewise;
// those over it wait for the next. While the protection is off, a turn has no bound.
func NewMicrotaskBudget(r *Registry, l *loop.Loop, most int) {
	r.Switch(MicrotaskBudget).OnChange(func(on bool) {
		if on {
			l.SetMicrotaskBudget(most)
			return
		}
		l.SetMicrotaskBudget(0)
	})
}
