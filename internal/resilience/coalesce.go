package resilience

import "brownout/internal/loop"

// A Coalescer loads what several tasks want at the same time only once. It belongs to
// its loop.
type Coalescer[K comparable, V any] struct {
	guard
	loop  *loop.Loop
	most  int
	loads map[K]*loop.Promise[loop.Outcome[V]]
	full  *refusal
}

// NewCoalesce makes a coalescer that has at most so many keys loaded at a time.
func NewCoalesce[K comparable, V any](r *Registry, target string, l *loop.Loop, most int) *Coalescer[K, V] {
	c := &Coalescer[K, V]{
		guard: newGuard(r, Coalesce, target),
		loop:  l,
		most:  max(most, 1),
		loads: map[K]*loop.Promise[loop.Outcome[V]]{},
	}
	c.full = c.refusal("full")
	return c
}

// Do returns what load returns: this one's, or that of a load of the same key that is
// under way. The value, and an error, may be shared with others, so nobody changes it.
//
// The load runs in a task of its own, for 10 s at most, and goes on when the callers
// leave. It has the values of the first caller's context. While the protection is off,
// each caller runs its own load, in its own task.
func (c *Coalescer[K, V]) Do(t *loop.Task, key K, load func(*loop.Task) (V, error)) (V, error) {
	if !c.on() {
		return load(t)
	}
	var none V
	if err := t.Err(); err != nil {
		return none, err
	}
	p := c.loads[key]
	switch {
	case p != nil:
		c.admitted.Inc()
	case len(c.loads) >= c.most:
		return none, c.full.reject()
	default:
		p = c.begin(t, key, load)
	}
	outcome, err := loop.Await(t, p)
	if err != nil {
		return none, err
	}
	return outcome.Value, outcome.Err
}

// begin starts a load that does not depend on the caller's life.
func (c *Coalescer[K, V]) begin(t *loop.Task, key K, load func(*loop.Task) (V, error)) *loop.Promise[loop.Outcome[V]] {
	p := loop.NewPromise[loop.Outcome[V]](c.loop, t.Name())
	c.loads[key] = p
	detach(t, p, func() { delete(c.loads, key) }, func(t *loop.Task) (V, error) { return bounded(t, load) })
	return p
}
