package loop

import (
	"context"
	"time"
)

// A Task is a coroutine on the loop: code that may wait with [Await],
// [Offload], [Go] and Sleep, and between those runs alone. Its methods are for
// the loop only, and those that wait for the task itself only.
type Task struct {
	loop        *Loop
	label       *label
	fn          func(*Task)
	co          *coroutine // nil once the task has ended
	state       taskState
	interrupted bool            // it was woken because it is cancelled
	unwinding   bool            // it is being ended where it waited
	parked      uint64          // counts the waits, so that a late answer is told from a new one
	wait        node[reaction]  // links the task into what it waits for
	member      node[*Task]     // links it into the loop's tasks
	sibling     node[*Task]     // links it into the scope that it was spawned from
	scope       *scope          // the innermost
	queued      int64           // loop clock when it joined the queue of a group
	refused     error           // why that group has turned it away
	spare       any             // the struct of the last call, to be used again
	root        scope           // the task as a whole
	stopHook    func() bool     // ends the watch over the context of Spawn
	outside     completion      // brings word that this context was cancelled
	given       context.Context // what Spawn was given
	follower    Follower        // given, if it is one
}

// maxTasks bounds the tasks of a loop. Who takes work from outside has bounds of his
// own, far below; reaching this one is a runaway.
const maxTasks = 1 << 20

type taskState uint8

const (
	// taskRuns: it runs, or has not been started.
	taskRuns taskState = iota
	// taskParked: it waits, and nothing has happened yet.
	taskParked
	// taskWaking: it will go on with a microtask that is queued.
	taskWaking
	// taskEnded: its function has returned.
	taskEnded
)

// Spawn starts fn as a task and runs it until it first waits, as a call of an
// async function does. The task is cancelled when ctx is: at once if ctx is the
// Context of a task of this loop, as soon as the loop hears of it otherwise.
// On the loop only.
func (l *Loop) Spawn(ctx context.Context, name string, fn func(*Task)) *Task {
	t := &Task{loop: l, label: l.labels.get(name), fn: fn, given: ctx, co: l.takeCoroutine()}
	t.follower, _ = ctx.(Follower)
	t.scope = &t.root
	t.root.task = t
	t.wait.owner.task, t.member.owner, t.sibling.owner = t, t, t
	if l.tasks.len == maxTasks {
		panic("loop: the tasks have reached their limit of 1,048,576")
	}
	l.tasks.push(&t.member)
	t.follow(ctx)
	t.co.task = t
	before := l.current
	l.publish(t.label)
	t.co.resume()
	l.restore(before)
	return t
}

// restore makes the name before a nested run the published one again.
func (l *Loop) restore(label *label) {
	if label != nil && label != l.current {
		l.publish(label)
	}
}

// follow ties the task to the context that it was spawned with.
func (t *Task) follow(ctx context.Context) {
	t.root.deadline, _ = ctx.Deadline()
	if ctx.Err() != nil {
		t.root.cancel(context.Cause(ctx))
		return
	}
	if s := t.loop.scopeOf(ctx); s != nil {
		s.children.push(&t.sibling)
		return
	}
	if t.loop.stage >= cancelling {
		t.root.cancel(ErrClosed)
		return
	}
	if ctx.Done() != nil {
		t.outside = completion{label: t.label, owner: (*cancellation)(t)}
		t.stopHook = context.AfterFunc(ctx, func() { t.loop.complete(&t.outside) })
	}
}

// scopeOf is the scope that a context belongs to, if it is one of this loop and
// has no cancellation of its own.
func (l *Loop) scopeOf(ctx context.Context) *scope {
	c, ok := ctx.Value(scopeKey{}).(*scopeContext)
	if !ok || c.scope.task.loop != l || c.Done() != ctx.Done() {
		return nil
	}
	return c.scope
}

// A cancellation is a task to which word comes that its context is done.
type cancellation Task

func (c *cancellation) complete() {
	t := (*Task)(c)
	t.Cancel(context.Cause(t.given))
}

// Cancel makes what the task waits for, and whatever it waits for later, fail
// with cause; a nil cause means [context.Canceled]. It does nothing to a task
// that was cancelled before or has ended.
func (t *Task) Cancel(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	t.root.cancel(cause)
}

// Loop returns the loop that the task runs on.
func (t *Task) Loop() *Loop { return t.loop }

// Name returns the name that the task was spawned with.
func (t *Task) Name() string { return t.label.name }

// Err returns why the task is cancelled, nil if it is not. Of a task that has ended,
// it is [context.Canceled], unless it was cancelled before.
func (t *Task) Err() error { return t.scope.err() }

// Sleep waits for d, or until the task is cancelled, and then says why.
func (t *Task) Sleep(d time.Duration) error {
	if err := t.mayWait(); err != nil {
		return err
	}
	timer := t.loop.SetTimeout(t.label.name, d, t.co.wakeFn)
	defer timer.Clear() // also when the task is unwound here
	return t.park()
}

// mayWait is how every wait begins. It refuses callers that are not the task,
// and tasks that are cancelled; from here on, the task can be woken.
func (t *Task) mayWait() error {
	t.mustRun()
	if err := t.scope.err(); err != nil {
		return err
	}
	if t.unwinding {
		panic(errUnwind)
	}
	t.state = taskParked
	t.parked++
	return nil
}

// mustRun panics unless the task is the one that runs.
func (t *Task) mustRun() {
	if t.loop.task != t {
		panic("loop: task " + t.label.name + " waits outside its own code")
	}
}

// park waits until the task is woken. The error is nil unless it was woken
// because it is cancelled.
func (t *Task) park() error {
	t.co.park()
	if t.interrupted {
		t.interrupted = false
		return t.scope.err()
	}
	return nil
}

// wake lets a parked task go on, as a promise job. A task that does not wait,
// or that was woken already, is left alone.
func (t *Task) wake() {
	if t.state == taskParked {
		t.state = taskWaking
		t.loop.microtasks.push(t.label, t.co.resumeFn)
	}
}

// interrupt wakes a parked task whose scope was cancelled.
func (t *Task) interrupt() {
	if t.state == taskParked && t.scope.err() != nil {
		t.wait.unlink()
		t.interrupted = true
		t.wake()
	}
}

// end is what the coroutine does when the task's function has returned.
func (t *Task) end() {
	t.root.close(context.Canceled)
	if t.stopHook != nil {
		t.stopHook()
	}
	t.member.unlink()
	t.sibling.unlink()
	t.state = taskEnded
	t.co.task, t.co = nil, nil
}

// unwind ends a task where it waits. Its deferred calls run; if they wait, they end
// there too.
func (t *Task) unwind() {
	co := t.co
	t.unwinding = true
	t.wait.unlink()
	t.loop.task = t
	co.stop()
	t.loop.task = nil
}
