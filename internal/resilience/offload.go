package resilience

import (
	"context"
	"errors"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// An Offloader does work that takes the processor for long away from the loop. It
// belongs to its loop.
type Offloader struct {
	guard
	class       Class
	compartment *Compartment
}

// NewOffload makes an offloader to a class of a worker pool.
func NewOffload(r *Registry, target string, class Class) *Offloader {
	return &Offloader{newGuard(r, Offload, target), class, newCompartment(r, target)}
}

// Run runs fn on the offloader's class and waits for it; if the class is full, the error
// is a Rejection by the bulkhead. While the protection is off, fn runs on the loop,
// which does nothing else meanwhile.
func Run[T any](t *loop.Task, o *Offloader, fn func(context.Context) (T, error)) (T, error) {
	if !o.on() {
		return fn(t.Context())
	}
	v, err := loop.Offload(t, o.class, fn)
	if errors.Is(err, loop.ErrFull) || errors.Is(err, pool.ErrFull) {
		return v, o.compartment.full.reject()
	}
	o.admitted.Inc()
	return v, err
}
