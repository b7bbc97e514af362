package service

import (
	"time"

	"brownout/internal/loop"
	"brownout/internal/telemetry"
)

// Consume has fn handle a message, and returns its error, once it has ended. Its trace is one of its own,
// with a link to where the message was sent, and so it runs in a task of its own, which is cancelled with t.
// On the loop only.
func (rt *Runtime) Consume(t *loop.Task, m telemetry.Message, fn func(*loop.Task) error) error {
	trace := rt.Tracing.Receive(m, time.Now())
	if trace == nil {
		return fn(t)
	}
	done := loop.NewPromise[struct{}](rt.Loop, t.Name())
	c := &requestContext{Context: t.Context(), trace: trace}
	rt.Loop.Spawn(c, t.Name(), func(t *loop.Task) {
		c.task = t
		err := fn(t)
		now := time.Now()
		c.end(now)
		trace.End(now, 0, err)
		done.Settle(struct{}{}, err)
	})
	return t.Shielded(func() error { // what is cancelled has yet to undo what it has begun
		_, err := loop.Await(t, done)
		return err
	})
}
