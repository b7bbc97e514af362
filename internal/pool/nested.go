package pool

import "context"

// Nested is a job that waits on its worker for another job of the same pool.
// That worker does nothing meanwhile; once all of them wait so, the jobs that
// they wait for can never start. Neither can those of a class whose whole share
// is held by jobs that wait so.
type Nested struct {
	Outer, Inner string // names of the job that waits and of the one waited for
	Class        string // of the one waited for
	Waiting      int    // workers that wait so, this one included
	Workers      int    // workers of the pool
	Held         int    // those of the class's share that wait so
	Share        int    // workers that the class may hold
}

// Deadlocked says that no worker is left that could do what is waited for. Waits
// that go round through another pool are not seen.
func (n Nested) Deadlocked() bool { return n.Waiting >= n.Workers || n.Held >= n.Share }

// Do submits fn and blocks until it has run, been dropped, or ctx is done. It
// returns fn's error, or why fn was not run or not waited for. It is for
// goroutines other than a loop's. When called from a job of the same pool with
// that job's context, the nesting is reported to Config.OnNested and counted,
// and then goes on: separate pools, or classes with shares, are the cure.
func (c *Class) Do(ctx context.Context, name string, fn func(context.Context) error) error {
	j := &waited{name: name, fn: fn, done: make(chan struct{})}
	if err := c.submitWaited(ctx, j); err != nil {
		return err
	}
	defer j.endNested() // for the context may be done first
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Class) submitWaited(ctx context.Context, j *waited) error {
	if w, ok := ctx.Value(workerKey{}).(*worker); ok && w.pool == c.pool {
		return c.submitNested(ctx, j, w)
	}
	return c.Submit(ctx, j)
}

// submitNested takes the job and counts the worker that waits for it as one step,
// so that the job cannot end in between.
func (c *Class) submitNested(ctx context.Context, j *waited, outer *worker) error {
	p := c.pool
	j.outer = outer
	e := entry{ctx: ctx, job: j, name: j.name, class: c, queued: p.clock()}
	p.mu.Lock()
	err := c.take(&e)
	if err != nil {
		p.mu.Unlock()
		return err
	}
	n := c.beginNested(j)
	p.mu.Unlock()
	if p.config.OnNested != nil {
		p.config.OnNested(n)
	}
	return nil
}

// beginNested counts the worker, once however many jobs it waits for. pool.mu is held.
func (c *Class) beginNested(j *waited) Nested {
	p, w := c.pool, j.outer
	j.nested = true
	if w.waits++; w.waits == 1 {
		p.nested++
	}
	return Nested{
		Outer: w.current.name, Inner: j.name, Class: c.name,
		Waiting: p.nested, Workers: len(p.workers),
		Held: c.held(), Share: c.share,
	}
}

// held counts the jobs of the class that wait on their workers. pool.mu is held.
func (c *Class) held() (n int) {
	for _, w := range c.pool.workers {
		if w.waits > 0 && w.current.class == c {
			n++
		}
	}
	return n
}

// endNested is called by whoever comes first: the job when it has ended, so that
// its worker cannot go on before it is counted, or the caller who has left.
func (j *waited) endNested() {
	if j.outer == nil {
		return
	}
	p := j.outer.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if !j.nested {
		return
	}
	j.nested = false
	if j.outer.waits--; j.outer.waits == 0 {
		p.nested--
	}
}

// waited is the job of Do.
type waited struct {
	name   string
	fn     func(context.Context) error
	err    error
	done   chan struct{}
	outer  *worker // that waits for it, if it is nested
	nested bool    // outer is counted as waiting for it; under pool.mu
}

func (j *waited) Name() string { return j.name }

func (j *waited) Run(ctx context.Context) { j.end(j.fn(ctx)) }

func (j *waited) Drop(err error) { j.end(err) }

func (j *waited) end(err error) {
	j.err = err
	j.endNested()
	close(j.done)
}
