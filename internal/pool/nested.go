package pool

import "context"

// Nested is a job that waits on its worker for another job of the same pool.
// That worker does nothing meanwhile; once all of them wait so, the jobs that
// they wait for can never start.
type Nested struct {
	Outer, Inner string // names of the job that waits and of the one waited for
	Class        string // of the one waited for
	Waiting      int    // workers that wait so, this one included
	Workers      int    // workers of the pool
}

// Deadlocked says that no worker is left to do what all of them wait for.
func (n Nested) Deadlocked() bool { return n.Waiting >= n.Workers }

// Do submits fn and blocks until it has run, been dropped, or ctx is done. It
// returns fn's error, or why fn was not run or not waited for. It is for
// goroutines other than a loop's. When called from a job of the same pool with
// that job's context, the nesting is reported to Config.OnNested and counted,
// and then goes on: separate pools, or classes with shares, are the cure.
func (c *Class) Do(ctx context.Context, name string, fn func(context.Context) error) error {
	j := &waited{name: name, fn: fn, done: make(chan struct{})}
	if err := c.Submit(ctx, j); err != nil {
		return err
	}
	if w, ok := ctx.Value(workerKey{}).(*worker); ok && w.pool == c.pool {
		c.beginNested(w, name)
		defer c.endNested()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Class) beginNested(w *worker, inner string) {
	p := c.pool
	p.mu.Lock()
	p.nested++
	n := Nested{Inner: inner, Class: c.name, Waiting: p.nested, Workers: len(p.workers)}
	if w.busy {
		n.Outer = w.current.name
	}
	p.mu.Unlock()
	if p.config.OnNested != nil {
		p.config.OnNested(n)
	}
}

func (c *Class) endNested() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.pool.nested--
}

// waited is the job of Do.
type waited struct {
	name string
	fn   func(context.Context) error
	err  error
	done chan struct{}
}

func (j *waited) Name() string { return j.name }

func (j *waited) Run(ctx context.Context) {
	j.err = j.fn(ctx)
	close(j.done)
}

func (j *waited) Drop(err error) {
	j.err = err
	close(j.done)
}
