package resilience

import (
	"errors"
	"fmt"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// What a group of calls is bounded to while its bulkhead, and while queue-bound, is off.
const (
	openLimit = 10_000
	openQueue = 100_000
)

// A Class is a kind of work on a worker pool: a [pool.Class], or what stands in for it
// in a simulation.
type Class interface {
	loop.Executor
	// Configure changes the bounds of the class while it works.
	Configure(pool.ClassConfig)
	// Name returns the name of the class.
	Name() string
}

// A Compartment keeps the calls to one downstream, or the jobs of one kind, from taking
// what all need. Any goroutine may use it.
type Compartment struct {
	guard
	full *refusal
}

// NewBulkhead bounds the calls of a group: at most limit run, and queue wait. While the
// protection is off, 10,000 run; while queue-bound is, 100,000 wait.
func NewBulkhead(r *Registry, target string, group *loop.Group, limit, queue int) *Compartment {
	return newBulkhead(r, target, group, limit, queue, openLimit)
}

// NewConnectionBulkhead is NewBulkhead for calls of which each needs one of limit
// connections: while the protection is off, no more run either.
func NewConnectionBulkhead(r *Registry, target string, group *loop.Group, limit, queue int) *Compartment {
	return newBulkhead(r, target, group, limit, queue, limit)
}

func newBulkhead(r *Registry, target string, group *loop.Group, limit, queue, open int) *Compartment {
	c := newCompartment(r, target)
	bound := r.Switch(QueueBound)
	set := func(bool) { group.SetLimit(either(c.gate, limit, open), either(bound, queue, openQueue)) }
	c.gate.OnChange(set)
	bound.OnChange(set)
	r.describe(&c.guard, func() string {
		running, waiting := group.InFlight()
		return fmt.Sprintf("%d in flight, %d waiting", running, waiting)
	})
	return c
}

// NewShare bounds a class of a pool: its share of the workers as on says while the
// protection is on, as off says while it is not; its queue likewise by queue-bound.
func NewShare(r *Registry, target string, class Class, on, off pool.ClassConfig) *Compartment {
	c := newCompartment(r, target)
	bound := r.Switch(QueueBound)
	set := func(bool) {
		class.Configure(pool.ClassConfig{
			Share: either(c.gate, on.Share, off.Share),
			Queue: either(bound, on.Queue, off.Queue),
		})
	}
	c.gate.OnChange(set)
	bound.OnChange(set)
	return c
}

func either(s *Switch, on, off int) int {
	if s.On() {
		return on
	}
	return off
}

func newCompartment(r *Registry, target string) *Compartment {
	c := &Compartment{guard: newGuard(r, Bulkhead, target)}
	c.full = c.refusal("full")
	return c
}

// Refused takes how a call or job ended, and counts it as let through, or, if there was
// no place for it, as refused. The error that it returns is a Rejection then, and
// otherwise the one it was given.
func (c *Compartment) Refused(err error) error {
	if errors.Is(err, loop.ErrFull) || errors.Is(err, pool.ErrFull) {
		return c.full.reject()
	}
	if _, refused := errors.AsType[*Rejection](err); !refused && c.on() {
		c.admitted.Inc()
	}
	return err
}
