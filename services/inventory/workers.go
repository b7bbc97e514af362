package inventory

import (
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// maxWaiting bounds the requests that wait for a worker.
const maxWaiting = 65536

// workers are what the service can do by design: so much at a time. They belong to a loop;
// limit may be set from any goroutine.
type workers struct {
	limit   atomic.Int64
	busy    int
	waiting *resilience.Turns[*loop.Promise[struct{}]]
	waits   waitMetrics
}

func newWorkers(rt *service.Runtime) *workers {
	return &workers{
		waiting: resilience.NewTurns[*loop.Promise[struct{}]](rt.Protections, "workers"),
		waits:   newWaitMetrics(rt.Metrics),
	}
}

// work waits for a worker, by importance, and then for as long as the work takes it. What
// takes no time needs no worker.
func (w *workers) work(t *loop.Task, i resilience.Importance, takes time.Duration) error {
	if takes <= 0 {
		return nil
	}
	trace, came := telemetry.FromContext(t.Context()), time.Now()
	err := w.take(t, i)
	began := time.Now()
	w.waits.observe(i, began.Sub(came))
	trace.Queued("worker", came, began)
	if err != nil {
		return err
	}
	defer w.free()
	err = t.Sleep(takes)
	trace.Work("worker", began, time.Now())
	return err
}

func (w *workers) take(t *loop.Task, i resilience.Importance) error {
	if w.waiting.Len() == 0 && w.busy < int(w.limit.Load()) {
		w.busy++
		return nil
	}
	if w.waiting.Len() >= maxWaiting {
		return &shop.Error{Code: shop.CodeOverloaded, Message: "too much waits for a worker", RetryAfter: time.Second}
	}
	return w.wait(t, i)
}

// wait joins the queue. The worker comes with the promise: who no longer wants it when
// it is there passes it on.
func (w *workers) wait(t *loop.Task, i resilience.Importance) error {
	mine := loop.NewPromise[struct{}](t.Loop(), "worker")
	w.waiting.Join(i, mine)
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
	if !w.waiting.Leave(mine) {
		w.free()
	}
}

// free gives a worker back, and lets those go on that there are workers for.
func (w *workers) free() {
	w.busy--
	for w.waiting.Len() > 0 && w.busy < int(w.limit.Load()) {
		w.busy++
		w.waiting.Next().Resolve(struct{}{})
	}
}
