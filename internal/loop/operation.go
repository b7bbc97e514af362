package loop

import "context"

// A Job is work that leaves the loop. Exactly one of its methods is called,
// exactly once, on whatever goroutine; the loop goes on meanwhile.
//
// Job and Executor are written as aliases and plain interfaces so that a worker
// pool can be an Executor without importing this package.
type Job = interface {
	// Name says what it is, for reports.
	Name() string
	// Run does the work.
	Run(ctx context.Context)
	// Drop says that the work will not be done, and why.
	Drop(err error)
}

// An Executor runs jobs away from the loop: a class of a worker pool, or, in a
// simulation, timers of the loop. Submit never blocks; an error means that the
// job was refused, and none of its methods will be called.
type Executor interface {
	Submit(ctx context.Context, job Job) error
}

// Offload runs a job on an executor and waits for it. The job gets the task's
// Context. When the task is cancelled, Offload returns the cause at once, and
// the job's result is dropped. CPU-heavy and disk work belongs here.
func Offload[T any](t *Task, ex Executor, job func(context.Context) (T, error)) (T, error) {
	return perform(t, nil, ex, job)
}

// Go runs fn on a goroutine of its own, within the limit of the group, and waits
// for it; otherwise it is as Offload. Network calls belong here: they wait in
// the runtime's poller and take no worker.
func Go[T any](t *Task, g *Group, fn func(context.Context) (T, error)) (T, error) {
	if err := g.enter(t); err != nil {
		var none T
		return none, err
	}
	return GoInside(t, g, fn)
}

// GoInside is Go for a task that has a place in the group by [Group.Enter]. The place is
// given back, whatever happens.
func GoInside[T any](t *Task, g *Group, fn func(context.Context) (T, error)) (T, error) {
	return perform(t, g, g.executor, fn)
}

// An operation is a job that is under way for a task. It holds its slot in the
// queue of completions from the start.
type operation struct {
	completion
	task   *Task
	parked uint64 // the wait of the task that it ends
	group  *Group
}

// A call is an operation with its function and result. The result is written by
// the executor before the completion is delivered, and read by the task after.
type call[T any] struct {
	operation
	fn    func(context.Context) (T, error)
	value T
	err   error
}

func (c *call[T]) Run(ctx context.Context) {
	c.value, c.err = c.fn(ctx)
	c.task.loop.complete(&c.completion)
}

func (c *call[T]) Drop(err error) {
	c.err = err
	c.task.loop.complete(&c.completion)
}

// Name is the name of the task that waits for the operation.
func (o *operation) Name() string { return o.label.name }

// complete is the completion's arrival on the loop.
func (o *operation) complete() {
	o.task.loop.operations--
	if o.group != nil {
		o.group.leave()
	}
	if o.task.parked == o.parked {
		o.task.wake()
	}
}

// perform runs fn on an executor and waits for it. A task that has many calls
// made, one after the other, uses one struct for them.
func perform[T any](t *Task, g *Group, ex Executor, fn func(context.Context) (T, error)) (result T, err error) {
	c, ok := t.spare.(*call[T])
	if !ok {
		c = &call[T]{}
	}
	t.spare = nil
	c.fn, c.group = fn, g
	if err := t.begin(&c.operation, c, ex); err != nil {
		return result, err
	}
	if err := t.park(); err != nil {
		return result, err // c is still the executor's
	}
	result, err = c.value, c.err
	*c = call[T]{}
	t.spare = c
	return result, err
}

// begin starts the job, or leaves everything as it was.
func (t *Task) begin(o *operation, job Job, ex Executor) error {
	err := t.mayWait()
	if err == nil {
		o.task, o.parked, o.label, o.owner = t, t.parked, t.label, o
		err = t.loop.submit(t.Context(), job, ex)
	}
	if err != nil {
		if t.state == taskWaking {
			panic("loop: an executor refused a job and cancelled its task")
		}
		t.state = taskRuns
		if o.group != nil {
			o.group.leave()
		}
	}
	return err
}

// submit reserves the slot of a completion and hands the job over.
func (l *Loop) submit(ctx context.Context, job Job, ex Executor) error {
	if l.operations >= l.config.MaxOperations {
		return ErrFull
	}
	l.operations++
	err := ex.Submit(ctx, job)
	if err != nil {
		l.operations--
	}
	return err
}

// complete delivers a completion and wakes the loop. Any goroutine may call it.
func (l *Loop) complete(c *completion) {
	l.completions.push(c)
	l.wake()
}

// QueueWork runs work on an executor and then after on the loop, as libuv's
// uv_queue_work does: the way of callbacks, without a task. After gets work's
// error, or the reason why it was dropped. On the loop only.
func (l *Loop) QueueWork(ex Executor, name string, work func(context.Context) error, after func(error)) error {
	if work == nil || after == nil {
		panic("loop: queued work without a callback")
	}
	w := l.takeWork()
	w.label, w.run, w.after = l.labels.get(name), work, after
	if err := l.submit(background, w, ex); err != nil {
		l.releaseWork(w)
		return err
	}
	return nil
}

// A work is what QueueWork has under way. It is reused after its completion.
type work struct {
	completion
	loop  *Loop
	run   func(context.Context) error
	after func(error)
	err   error
	free  *work
}

func (w *work) Name() string { return w.label.name }

func (w *work) Run(ctx context.Context) {
	w.err = w.run(ctx)
	w.loop.complete(&w.completion)
}

func (w *work) Drop(err error) {
	w.err = err
	w.loop.complete(&w.completion)
}

func (w *work) complete() {
	l, after, err := w.loop, w.after, w.err
	l.operations--
	l.releaseWork(w)
	after(err)
}

func (l *Loop) takeWork() *work {
	w := l.idleWork
	if w == nil {
		w = &work{loop: l}
		w.owner = w
		return w
	}
	l.idleWork, w.free = w.free, nil
	return w
}

func (l *Loop) releaseWork(w *work) {
	w.run, w.after, w.err = nil, nil, nil
	l.idleWork, w.free = w, l.idleWork
}
