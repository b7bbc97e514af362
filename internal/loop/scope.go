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
	shielded bool          // does not hear of the outer scopes' cancellation
	cause    error         // why it was cancelled; nil while it was not
	deadline time.Time     // the nearest, of this scope or one around it; zero if none
	children list[*Task]   // tasks spawned with its context
	context  *scopeContext // made on demand
	cancelFn context.CancelCauseFunc
}

// err is why the scope, or one around it, was cancelled. A deadline that is past
// counts, also where the loop was too busy to fire its timer.
func (s *scope) err() error {
	if !s.deadline.IsZero() && !time.Now().Before(s.deadline) {
		return s.pastDeadline()
	}
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

// pastDeadline is err for a scope whose deadline is past.
func (s *scope) pastDeadline() error {
	for ; s != nil && s.cause == nil && !s.shielded; s = s.outer {
	}
	if s != nil && s.cause != nil {
		return s.cause // which came first
	}
	return context.DeadlineExceeded
}

// isShielded says whether the scope, or one around it, is one of Shielded.
func (s *scope) isShielded() bool {
	for ; s != nil; s = s.outer {
		if s.shielded {
			return true
		}
	}
	return false
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
// recognises it, and because its deadline is kept by a timer of the loop.
type scopeContext struct {
	context.Context
	scope    *scope
	deadline time.Time
}

type scopeKey struct{}

// Value finds the scope itself, however deep the context is wrapped.
func (c *scopeContext) Value(key any) any {
	if key == (scopeKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// Deadline returns the nearest deadline of the scope and those around it.
func (c *scopeContext) Deadline() (time.Time, bool) {
	return c.deadline, !c.deadline.IsZero()
}

// Err is [context.DeadlineExceeded] when a deadline was the cause.
func (c *scopeContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == context.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}

// Context returns a context that is done when the task is cancelled or ends, or
// when the innermost WithTimeout or Shielded that the call is made in does. It is
// made on the first call, and valid on any goroutine. A deadline is kept by the
// loop: while that is blocked, it is past, and Deadline says so, but Done is not
// closed yet. Tasks spawned with it, or with a context that adds values to it,
// hear of its end at once.
func (t *Task) Context() context.Context { return t.scope.ctx() }

func (s *scope) ctx() *scopeContext {
	if s.context == nil {
		s.makeContext()
	}
	return s.context
}

func (s *scope) makeContext() {
	outer := s.task.given
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
	if outer := t.scope.deadline; !outer.IsZero() && outer.Before(s.deadline) {
		s.deadline = outer
	}
	if d <= 0 {
		s.cause = context.DeadlineExceeded
		return t.within(s, fn)
	}
	timer := t.loop.SetTimeout(t.label.name, d, func() { s.cancel(context.DeadlineExceeded) })
	defer timer.Clear()
	return t.within(s, fn)
}

// Shielded runs fn so that it does not hear of the task's cancellation, nor of
// deadlines around it: for what must be undone or finished all the same. Tasks
// that fn spawns with the task's Context are shielded like it, and cancelled when
// fn returns. The end of the loop can still unwind them. It returns fn's error.
func (t *Task) Shielded(fn func() error) error {
	return t.within(&scope{task: t, outer: t.scope, shielded: true}, fn)
}

// IsShielded says whether the task is in Shielded now.
func (t *Task) IsShielded() bool { return t.scope.isShielded() }

// Deadline returns the nearest deadline that is in force: of a WithTimeout, or of
// the context that the task was spawned with.
func (t *Task) Deadline() (time.Time, bool) {
	return t.scope.deadline, !t.scope.deadline.IsZero()
}

func (t *Task) within(s *scope, fn func() error) error {
	t.mustRun()
	t.scope = s
	defer func() {
		t.scope = s.outer
		s.close(context.Canceled)
	}()
	return fn()
}
