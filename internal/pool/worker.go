package pool

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A worker is one goroutine of the pool.
type worker struct {
	pool     *Pool
	handoff  chan entry // one job, sent while the worker is idle
	plain    *workerContext
	contexts []workerContext // to be used

	// Under pool.mu.
	busy    bool
	current entry
	since   int64 // pool clock when current was begun
}

// A workerContext is the context of a job, marked with the worker that runs it.
type workerContext struct {
	context.Context
	worker *worker
}

type workerKey struct{}

func (c *workerContext) Value(key any) any {
	if key == (workerKey{}) {
		return c.worker
	}
	return c.Context.Value(key)
}

// run works until the pool is closed and nothing waits.
func (w *worker) run() {
	ended := false
	defer func() {
		if !ended { // by a panic or by runtime.Goexit: a bug of the job
			w.crash(recover())
		}
	}()
	var last outcome
	for {
		e, start, ok := w.next(last)
		if !ok {
			ended = true
			return
		}
		last = w.do(e, start)
	}
}

// An outcome is how a job went: when it was begun and ended, and whether it was
// dropped instead of run.
type outcome struct {
	start, end int64 // pool clock
	dropped    bool
}

// next accounts for the last job and takes the next one, or waits for it. It
// says when that starts; false at the end.
func (w *worker) next(last outcome) (e entry, start int64, ok bool) {
	p := w.pool
	p.mu.Lock()
	w.leave(last)
	e, ok = p.pick()
	if ok {
		w.enter(&e, last.end)
		p.mu.Unlock()
		return e, last.end, true
	}
	if !p.closed {
		p.idle = append(p.idle, w)
	}
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return entry{}, 0, false
	}
	e, ok = <-w.handoff
	return e, p.clock(), ok
}

// enter makes a job the one that the worker runs. pool.mu is held.
func (w *worker) enter(e *entry, now int64) {
	w.busy, w.current, w.since = true, *e, now
}

// leave accounts for the job that has ended, if any. pool.mu is held.
func (w *worker) leave(o outcome) {
	if !w.busy {
		return
	}
	c := w.current.class
	c.running--
	c.counts.add(o.start-w.current.queued, o)
	w.busy, w.current = false, entry{}
}

// do runs the job, or drops it if its caller has left.
func (w *worker) do(e entry, start int64) outcome {
	if err := w.pool.expired(e); err != nil {
		e.job.Drop(err)
		w.observe(func(o Observer) { o.JobDropped(e.class.name, time.Duration(start-e.queued), err) })
		return outcome{start, w.pool.clock(), true}
	}
	e.job.Run(w.context(e.ctx))
	end := w.pool.clock()
	w.observe(func(o Observer) {
		o.JobDone(e.class.name, time.Duration(start-e.queued), time.Duration(end-start))
	})
	return outcome{start, end, false}
}

func (w *worker) observe(tell func(Observer)) {
	if o := w.pool.config.Observer; o != nil {
		tell(o)
	}
}

// expired is the reason why a job need not be run any more.
func (p *Pool) expired(e entry) error {
	if p.keepExpired.Load() || e.ctx.Err() == nil {
		return nil
	}
	return context.Cause(e.ctx)
}

// context marks a job's context with the worker. Marks are made by the dozen, for
// there is one for every job; none is used twice, as a job may leave its context
// to others.
func (w *worker) context(ctx context.Context) context.Context {
	if ctx == context.Background() {
		return w.plain
	}
	if len(w.contexts) == 0 {
		w.contexts = make([]workerContext, 32)
	}
	c := &w.contexts[0]
	w.contexts = w.contexts[1:]
	c.Context, c.worker = ctx, w
	return c
}

// crash says on standard error which job brought the worker down. A panic then
// takes the process with it; so must runtime.Goexit, for the pool would be one
// worker short and the job's caller would wait for ever.
func (w *worker) crash(reason any) {
	w.pool.mu.Lock()
	e := w.current
	w.pool.mu.Unlock()
	fmt.Fprintf(os.Stderr, "pool: worker died in job %q of class %q\n", e.name, e.class.name)
	if reason == nil {
		reason = "pool: a job called runtime.Goexit"
	}
	panic(reason)
}
