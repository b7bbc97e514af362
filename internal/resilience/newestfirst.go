package resilience

import "time"

// A Line is where work waits for its turn: a [loop.Group], or a class of a pool.
type Line interface {
	// SetShed has fn asked how the oldest in the line is to be refused, which has waited
	// so long; nil for not.
	SetShed(fn func(oldest time.Duration) error)
	// SetNewestFirst has fn asked whether the newest in the line goes first, where the
	// oldest has waited so long, and then told when that one is taken before another.
	SetNewestFirst(fn func(oldest time.Duration) bool, taken func())
}

// overdue is from when on the oldest in a line has waited for so long that the newest is
// the better choice: the oldest is likely to be given up while it is worked on.
const overdue = 100 * time.Millisecond

// NewNewestFirst has the newest in a line served first as long as the oldest has waited
// for more than 100 ms; while the protection is off, it is always the oldest. In a group, work
// that must be finished is not passed over. On the loop only, if the line is a group.
func NewNewestFirst(r *Registry, target string, line Line) {
	g := newGuard(r, NewestFirst, target)
	line.SetNewestFirst(func(oldest time.Duration) bool {
		return oldest > overdue && g.on()
	}, g.admitted.Inc)
}
