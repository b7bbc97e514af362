package resilience

import (
	"context"
	"errors"
	"time"

	"brownout/internal/loop"
)

// An Acquirer bounds how long a call waits for a place in its group, as for one of few
// connections, apart from how long the call itself may take. It belongs to its loop.
type Acquirer struct {
	guard
	timeout time.Duration
	late    *refusal
}

// NewAcquireTimeout makes an acquirer that waits for so long.
func NewAcquireTimeout(r *Registry, target string, timeout time.Duration) *Acquirer {
	a := &Acquirer{guard: newGuard(r, AcquireTimeout, target), timeout: timeout}
	a.late = a.refusal("late")
	return a
}

// Go is [loop.Go] within a timeout, which begins when the call has its place. If that
// takes too long, the error is a Rejection. A task in Shielded, which has to come to an end,
// may wait for as long as the call may take. While the protection is off, the timeout is for
// both.
func Go[T any](t *loop.Task, a *Acquirer, g *loop.Group, timeout time.Duration, fn func(context.Context) (T, error)) (v T, err error) {
	run := loop.GoInside[T]
	if !a.on() {
		run = loop.Go[T]
	} else if err := a.enter(t, g, timeout); err != nil {
		return v, err
	}
	err = t.WithTimeout(timeout, func() (err error) {
		v, err = run(t, g, fn)
		return err
	})
	return v, err
}

// enter waits for a place, for which a task in Shielded has at least the patience.
func (a *Acquirer) enter(t *loop.Task, g *loop.Group, patience time.Duration) error {
	wait := a.timeout
	if t.IsShielded() {
		wait = max(wait, patience)
	}
	err := t.WithTimeout(wait, func() error { return g.Enter(t) })
	switch {
	case err == nil:
		a.admitted.Inc()
	case errors.Is(err, context.DeadlineExceeded) && t.Err() == nil:
		return a.late.reject()
	}
	return err
}
