package loop

import "log/slog"

// A Promise is a value that will be there later, or the reason why it will
// not. It belongs to its loop: everything about it is for the loop only. Its
// reactions always run later, as microtasks, also when it is settled already.
type Promise[T any] struct {
	promise
	value T
}

// NewPromise makes a promise that is pending. The name is that of its reactions.
func NewPromise[T any](l *Loop, name string) *Promise[T] {
	return newPromise[T](l, l.labels.get(name))
}

func newPromise[T any](l *Loop, label *label) *Promise[T] {
	return &Promise[T]{promise: promise{loop: l, label: label}}
}

// Resolve settles the promise with a value. Only the first call of Resolve or
// Reject counts; the result says whether this was it.
func (p *Promise[T]) Resolve(v T) bool {
	if p.state != unsettled {
		return false
	}
	p.value = v
	p.settle(fulfilled)
	return true
}

// Reject settles the promise with an error; a nil error counts as [ErrNoReason].
// If the promise has no reaction when the microtasks have run dry, that is an
// unhandled rejection; see Config.OnUnhandledRejection.
func (p *Promise[T]) Reject(err error) bool {
	if p.state != unsettled {
		return false
	}
	if err == nil {
		err = ErrNoReason
	}
	p.err = err
	if !p.handled {
		p.loop.unhandled = append(p.loop.unhandled, &p.promise)
	}
	p.settle(rejected)
	return true
}

// Settle rejects the promise if err is not nil, and resolves it otherwise.
func (p *Promise[T]) Settle(v T, err error) bool {
	if err != nil {
		return p.Reject(err)
	}
	return p.Resolve(v)
}

// Settled says whether the promise has been resolved or rejected.
func (p *Promise[T]) Settled() bool { return p.state != unsettled }

// Await waits for a promise. It fails with the reason of a rejection, or, when
// the task is cancelled, with the cause of that; the promise is not affected.
// What follows runs as a promise job, also when the promise was settled before.
func Await[T any](t *Task, p *Promise[T]) (T, error) {
	if err := t.await(&p.promise); err != nil {
		var none T
		return none, err
	}
	return p.value, p.err
}

func (t *Task) await(p *promise) error {
	if err := t.mayWait(); err != nil {
		return err
	}
	p.react(&t.wait)
	return t.park()
}

// A promise is the part of a Promise that does not depend on its type.
type promise struct {
	loop      *Loop
	label     *label
	state     promiseState
	handled   bool // has, or had, a reaction
	err       error
	reactions list[reaction]
}

type promiseState uint8

const (
	unsettled promiseState = iota
	fulfilled
	rejected
)

// A reaction is what happens when a promise is settled: a task goes on, or a
// function runs.
type reaction struct {
	task *Task
	fn   func()
}

// react adds a reaction, or queues it if the promise is settled.
func (p *promise) react(n *node[reaction]) {
	p.handled = true
	if p.state == unsettled {
		p.reactions.push(n)
		return
	}
	p.queue(n.owner)
}

// settle queues the reactions in the order in which they were added.
func (p *promise) settle(s promiseState) {
	p.state = s
	for n := p.reactions.pop(); n != nil; n = p.reactions.pop() {
		p.queue(n.owner)
	}
}

func (p *promise) queue(r reaction) {
	if r.task != nil {
		r.task.wake()
		return
	}
	p.loop.microtasks.push(p.label, r.fn)
}

// logRejection is what happens to unhandled rejections unless configured.
func logRejection(name string, err error) {
	slog.Error("unhandled rejection", "promise", name, "error", err)
}

// reportRejections tells of the promises that were rejected and left alone so far,
// each on the budget of microtasks.
func (l *Loop) reportRejections() {
	for n := len(l.unhandled); n > 0 && l.mayGoOn(&l.microtaskQuota); n-- {
		p := l.unhandled[0]
		l.unhandled = l.unhandled[1:]
		l.microtaskQuota.account(1)
		if !p.handled {
			l.config.OnUnhandledRejection(p.label.name, p.err)
		}
	}
}
