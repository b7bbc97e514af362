package resilience

import (
	"context"
	"errors"
	"time"

	"brownout/internal/loop"
)

// maxLoad bounds the time of a load that does not end with its caller.
const maxLoad = 10 * time.Second

// errLoadAbandoned is what those get who wait for a load whose task was unwound.
var errLoadAbandoned = errors.New("the load was abandoned")

// detach runs a load in a task that does not depend on the caller's life, and has its
// outcome in p. End is called when it has ended, before anybody hears of that.
func detach[V any](t *loop.Task, p *loop.Promise[loop.Outcome[V]], end func(), load func(*loop.Task) (V, error)) {
	t.Loop().Spawn(context.WithoutCancel(t.Context()), t.Name(), func(t *loop.Task) {
		outcome := loop.Outcome[V]{Err: errLoadAbandoned}
		defer func() {
			end()
			p.Resolve(outcome)
		}()
		v, err := load(t)
		outcome = loop.Outcome[V]{Value: v, Err: err}
	})
}

// bounded runs a load for maxLoad at most.
func bounded[V any](t *loop.Task, load func(*loop.Task) (V, error)) (v V, err error) {
	err = t.WithTimeout(maxLoad, func() error {
		v, err = load(t)
		return err
	})
	return v, err
}
