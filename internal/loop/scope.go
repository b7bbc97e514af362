package loop

import (
	"context"
	"time"
)

// A scope is a stretch of a task's life that can be cancelled as one: the task
// as a whole, or what WithTimeout or Shielded encloses. It belongs to the loop;
// other goroutines see it through its context.
type scope struct {
	task     *Task
	outer    *scope
	shielded bool  // does not hear of the outer scopes' cancellation
	cause    error // why it was cancelled; nil while it was not
	deadline time.Time
	children list[*Task]   // tasks spawned with its context
	context  *scopeContext // made on demand
	cancelFn context.CancelCauseFunc
}

// err is why the scope, or one around it, was cancelled.
func (s *scope) err() error {
	for ; s != nil; s = s.outer {
		if s.cause != nil {
			return s.cause
		}
		if s.shielded {
			return nil
		}
	}
	return nil
}

// cancel ends the scope early: what the task waits for within it fails.
func (s *scope) cancel(cause error) {
	if s.cause != nil {
		return
	}
	s.close(cause)
	for in := s.task.scope; in != nil && in != s; in = in.outer {
		if in.err() != nil {
			in.cancelChildren(in.err())
		}
	}
	s.task.interrupt()
}

// close ends the scope, its context and the tasks spawned from that.
func (s *scope) close(cause error) {
	if s.cause == nil {
		s.cause = cause
	}
	if s.cancelFn != nil {
		s.cancelFn(cause)
	}
	s.cancelChildren(cause)
}

func (s *scope) cancelChildren(cause error) {
	for n := s.children.pop(); n != nil; n = s.children.pop() {
		n.owner.Cancel(cause)
	}
}

// A scopeContext is the context of a scope. It is its own type so that Spawn
// recognises it, and so that a deadline kept by a loop timer shows.
type scopeContext struct {
	context.Context
	scope    *scope
	deadline time.Time
}

// Deadline returns the nearest deadline of the scope and those around it.
func (c *scopeContext) Deadline() (time.Time, bool) {
	if c.deadline.IsZero() {
		return c.Context.Deadline()
	}
	return c.deadline, true
}

// Context returns a context that is done when the task is cancelled, or when
// the WithTimeout that the call is in has ended. It is made on the first call,
// and valid on any goroutine.
func (t *Task) Context() context.Context { return t.scope.ctx() }

func (s *scope) ctx() *scopeContext {
	if s.context == nil {
		s.makeContext()
	}
	return s.context
}

func (s *scope) makeContext() {
	var outer context.Context = s.task.given
	if s.outer != nil {
		outer = s.outer.ctx()
	}
	if s.shielded {
		outer = context.WithoutCancel(outer)
	}
	ctx, cancel := context.WithCancelCause(outer)
	if s.cause != nil {
		cancel(s.cause)
	}
	s.context, s.cancelFn = &scopeContext{ctx, s, s.deadline}, cancel
}

// WithTimeout runs fn within d: when that has passed, what the task waits for
// fails with [context.DeadlineExceeded], until fn returns. A deadline of an
// enclosing call that comes earlier stays in force. It returns fn's error.
func (t *Task) WithTimeout(d time.Duration, fn func() error) error {
	s := &scope{task: t, outer: t.scope, deadline: time.Now().Add(d)}
	if outer, ok := t.Deadline(); ok && outer.Before(s.deadline) {
		s.deadline = outer
	}
	timer := t.loop.SetTimeout(t.label.name, d, func() { s.cancel(context.DeadlineExceeded) })
	defer timer.Clear()
	return t.within(s, fn)
}

// Shielded runs fn so that it does not hear of the task's cancellation, nor of
// deadlines around it: for what must be undone or finished all the same. The
// end of the loop can still unwind it. It returns fn's error.
func (t *Task) Shielded(fn func() error) error {
	return t.within(&scope{task: t, outer: t.scope, shielded: true}, fn)
}

// Deadline returns the nearest deadline that WithTimeout has set, or that of
// the context that the task was spawned with.
func (t *Task) Deadline() (time.Time, bool) {
	for s := t.scope; s != nil; s = s.outer {
		if !s.deadline.IsZero() {
			return s.deadline, true
		}
		if s.shielded {
			return time.Time{}, false
		}
	}
	return t.given.Deadline()
}

func (t *Task) within(s *scope, fn func() error) error {
	t.scope = s
	defer func() {
		t.scope = s.outer
		s.close(context.Canceled)
	}()
	return fn()
}
