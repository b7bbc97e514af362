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
	handoff  chan struct{} // says that current was set while the worker was idle
	plain    *workerContext
	contexts []workerContext // to be used

	// Under pool.mu, but the worker itself may read current while it is busy.
	busy    bool
	current entry
	since   int64 // pool clock when current was begun
	waits   int   // jobs of this pool that current waits for in Do
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
	start, ok := w.await()
	for ok {
		start, ok = w.next(w.do(start))
	}
	ended = true
}

// await is what an idle worker does: it waits for a job, and says when that
// starts; false if the pool is closed.
func (w *worker) await() (start int64, ok bool) {
	_, ok = <-w.handoff
	return w.pool.clock(), ok
}

// An outcome is how a job went: when it was begun and ended, when the observer had
// been told of it, and whether it was dropped instead of run, and if so, for its age.
type outcome struct {
	start, end, told int64 // pool clock
	dropped, shed    bool
}

// next accounts for the last job and takes the next one, or waits for it. It
// says when that starts; false at the end.
func (w *worker) next(last outcome) (start int64, ok bool) {
	p := w.pool
	p.mu.Lock()
	w.leave(last)
	if e := p.pick(last.told); e != nil {
		start = max(last.told, e.queued) // it may have come since
		w.enter(e, start)
		e.class.remove(e)
		p.mu.Unlock()
		return start, true
	}
	w.current = entry{}
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	if closed {
		return 0, false
	}
	return w.await()
}

// enter makes a job the one that the worker runs. pool.mu is held.
func (w *worker) enter(e *entry, now int64) {
	e.class.running++
	w.busy, w.current, w.since = true, *e, now
}

// leave accounts for the job that has ended. pool.mu is held.
func (w *worker) leave(o outcome) {
	c := w.current.class
	c.running--
	c.counts.add(o.start-w.current.queued, o)
	w.busy = false
}

// do runs the job, or drops it if its caller has left or it is shed.
func (w *worker) do(start int64) outcome {
	e := &w.current
	if err := w.pool.expired(e, start); err != nil {
		e.job.Drop(err)
		end := w.pool.clock()
		told := w.observe(end, func(o Observer) { o.JobDropped(e.class.name, time.Duration(start-e.queued), err) })
		return outcome{start, end, told, true, e.shed != nil}
	}
	e.job.Run(w.context(e.ctx))
	end := w.pool.clock()
	told := w.observe(end, func(o Observer) {
		o.JobDone(e.class.name, time.Duration(start-e.queued), time.Duration(end-start))
	})
	return outcome{start, end, told, false, false}
}

// observe tells the observer, if any, of a job that has ended, and returns when it
// had been told.
func (w *worker) observe(end int64, tell func(Observer)) (told int64) {
	o := w.pool.config.Observer
	if o == nil {
		return end
	}
	tell(o)
	return w.pool.clock()
}

// expired is the reason why a job is not run any more. A deadline that is past
// counts also where whoever keeps it, a blocked loop say, has not noticed yet.
func (p *Pool) expired(e *entry, now int64) error {
	if e.shed != nil {
		return e.shed
	}
	if p.keepExpired.Load() {
		return nil
	}
	if e.ctx.Err() != nil {
		return context.Cause(e.ctx)
	}
	if d, ok := e.ctx.Deadline(); ok && !p.epoch.Add(time.Duration(now)).Before(d) {
		return context.DeadlineExceeded
	}
	return nil
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
