package loadgen

import (
	"context"
	"sync"
)

// forEach does something with each of some things, so many at a time, and returns how the
// first failed that did. From then on ctx is done for the others.
func forEach[T any](ctx context.Context, things []T, atOnce int, do func(context.Context, T) error) error {
	queue := make(chan T, len(things))
	for _, t := range things {
		queue <- t
	}
	close(queue)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var crew sync.WaitGroup
	for range atOnce {
		crew.Go(func() {
			for t := range queue {
				if err := do(ctx, t); err != nil {
					cancel(err) // the first one counts
				}
			}
		})
	}
	crew.Wait()
	return context.Cause(ctx)
}
