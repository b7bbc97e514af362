package loop

import (
	"context"
	"errors"
)

// on adds a function as a reaction.
func (p *promise) on(fn func()) { p.react(&node[reaction]{owner: reaction{fn: fn}}) }

// Then returns a promise of what fn makes of p's value. If p is rejected, so is
// the result, and fn is not called. On the loop only, as all functions on promises.
func Then[T, U any](p *Promise[T], fn func(T) (U, error)) *Promise[U] {
	out := newPromise[U](p.loop, p.label)
	p.on(func() {
		if p.err != nil {
			out.Reject(p.err)
			return
		}
		out.Settle(fn(p.value))
	})
	return out
}

// Catch returns a promise of p's value, or, if p is rejected, of what fn makes
// of the reason.
func Catch[T any](p *Promise[T], fn func(error) (T, error)) *Promise[T] {
	out := newPromise[T](p.loop, p.label)
	p.on(func() {
		if p.err != nil {
			out.Settle(fn(p.err))
			return
		}
		out.Resolve(p.value)
	})
	return out
}

// Finally returns a promise that settles as p does, after fn has run.
func Finally[T any](p *Promise[T], fn func()) *Promise[T] {
	out := newPromise[T](p.loop, p.label)
	p.on(func() {
		fn()
		out.Settle(p.value, p.err)
	})
	return out
}

// All returns a promise of the values of ps, in their order. It is rejected as
// soon as one of them is. All of none is resolved at once.
func All[T any](l *Loop, name string, ps ...*Promise[T]) *Promise[[]T] {
	out := NewPromise[[]T](l, name)
	values, missing := make([]T, len(ps)), len(ps)
	if missing == 0 {
		out.Resolve(values)
	}
	for i, p := range ps {
		p.on(func() {
			if p.err != nil {
				out.Reject(p.err)
				return
			}
			values[i] = p.value
			if missing--; missing == 0 {
				out.Resolve(values)
			}
		})
	}
	return out
}

// An Outcome is how a promise was settled: Err is nil if it was resolved.
type Outcome[T any] struct {
	Value T
	Err   error
}

// AllSettled returns a promise of the outcomes of ps, in their order, once all
// are settled. It is never rejected.
func AllSettled[T any](l *Loop, name string, ps ...*Promise[T]) *Promise[[]Outcome[T]] {
	out := NewPromise[[]Outcome[T]](l, name)
	outcomes, missing := make([]Outcome[T], len(ps)), len(ps)
	if missing == 0 {
		out.Resolve(outcomes)
	}
	for i, p := range ps {
		p.on(func() {
			outcomes[i] = Outcome[T]{p.value, p.err}
			if missing--; missing == 0 {
				out.Resolve(outcomes)
			}
		})
	}
	return out
}

// Race returns a promise that settles as the first of ps does. A race of none
// stays pending for ever.
func Race[T any](l *Loop, name string, ps ...*Promise[T]) *Promise[T] {
	out := NewPromise[T](l, name)
	for _, p := range ps {
		p.on(func() { out.Settle(p.value, p.err) })
	}
	return out
}

// Any returns a promise of the first value among ps. If all are rejected, it is
// rejected with their reasons, joined in the order of ps; if there are none,
// with [ErrNoReason].
func Any[T any](l *Loop, name string, ps ...*Promise[T]) *Promise[T] {
	out := NewPromise[T](l, name)
	reasons, missing := make([]error, len(ps)), len(ps)
	if missing == 0 {
		out.Reject(nil)
	}
	for i, p := range ps {
		p.on(func() {
			if p.err == nil {
				out.Resolve(p.value)
				return
			}
			reasons[i] = p.err
			if missing--; missing == 0 {
				out.Reject(errors.Join(reasons...))
			}
		})
	}
	return out
}

// Async starts fn as a task, as Spawn does, and returns a promise of its result.
func Async[T any](ctx context.Context, l *Loop, name string, fn func(*Task) (T, error)) *Promise[T] {
	out := NewPromise[T](l, name)
	l.Spawn(ctx, name, func(t *Task) { out.Settle(fn(t)) })
	return out
}
