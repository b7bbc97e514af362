package inventory

import (
	"slices"
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// maxWaiting bounds the requests that wait for a worker.
const maxWaiting = 65536

// workers are what the service can do by design: so much at a time. They belong to a loop;
// limit may be set from any goroutine.
type workers struct {
	limit   atomic.Int64
	busy    int
	waiting []*loop.Promise[struct{}] // the first is next
}

// work waits for a worker, first come, first served, and then for as long as the work takes
// it. What takes no time needs no worker.
func (w *workers) work(t *loop.Task, takes time.Duration) error {
	if takes <= 0 {
		return nil
	}
	if err := w.take(t); err != nil {
		return err
	}
	defer w.free()
	return t.Sleep(takes)
}

func (w *workers) take(t *loop.Task) error {
	if len(w.waiting) == 0 && w.busy < int(w.limit.Load()) {
		w.busy++
		return nil
	}
	if len(w.waiting) >= maxWaiting {
		return &shop.Error{Code: shop.CodeOverloaded, Message: "too much waits for a worker", RetryAfter: time.Second}
	}
	return w.wait(t)
}

// wait joins the queue. The worker comes with the promise: who no longer wants it when
// it is there passes it on.
func (w *workers) wait(t *loop.Task) error {
	mine := loop.NewPromise[struct{}](t.Loop(), "worker")
	w.waiting = append(w.waiting, mine)
	got := false
	defer func() {
		if !got {
			w.leave(mine)
		}
	}()
	_, err := loop.Await(t, mine)
	got = err == nil
	return err
}

func (w *workers) leave(mine *loop.Promise[struct{}]) {
	if i := slices.Index(w.waiting, mine); i >= 0 {
		w.waiting = slices.Delete(w.waiting, i, i+1)
		return
	}
	w.free()
}

// free gives a worker back, and lets those go on that there are workers for.
func (w *workers) free() {
	w.busy--
	for len(w.waiting) > 0 && w.busy < int(w.limit.Load()) {
		next := w.waiting[0]
		w.waiting[0], w.waiting = nil, w.waiting[1:]
		w.busy++
		next.Resolve(struct{}{})
	}
}
