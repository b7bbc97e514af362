package loop

import (
	"fmt"
	"iter"
	"os"
	"runtime/debug"
)

// maxIdleCoroutines bounds the coroutines kept for reuse; each holds a stack.
const maxIdleCoroutines = 1024

// A coroutine runs tasks, one after another. It is a goroutine that runs only
// while the loop waits for it, so code in it is code on the loop.
type coroutine struct {
	loop     *Loop
	task     *Task                   // nil between tasks
	next     func() (struct{}, bool) // switch to the coroutine, until it yields
	stop     func()                  // make the pending yield return false
	yield    func(struct{}) bool     // switch back to whoever called next
	resumeFn func()                  // resume, bound once
	wakeFn   func()                  // the task's wake, bound once
}

func newCoroutine(l *Loop) *coroutine {
	co := &coroutine{loop: l}
	co.resumeFn = co.resume
	co.wakeFn = func() { co.task.wake() }
	co.next, co.stop = iter.Pull(co.body)
	return co
}

func (co *coroutine) body(yield func(struct{}) bool) {
	co.yield = yield
	id := goroutineID()
	co.loop.goroutines.add(id)
	defer co.loop.goroutines.remove(id)
	for alive := true; alive; {
		co.work()
		alive = yield(struct{}{})
	}
}

// errUnwind is thrown through a task that is unwound where it waits.
var errUnwind = fmt.Errorf("loop: task unwound: %w", ErrClosed)

// work runs the task to its end. A panic ends the process here, with its stack, for
// it would lose that on the way through iter.Pull, and could be recovered by a task
// that has spawned this one.
func (co *coroutine) work() {
	t := co.task
	defer func() {
		switch r := recover(); r {
		case nil, errUnwind:
			t.end()
		default:
			co.loop.report(os.Stderr)
			die(fmt.Errorf("task %q: %v\n\n%s", t.label.name, r, debug.Stack()))
		}
	}()
	t.fn(t)
}

// park switches back to the loop until the task is resumed.
func (co *coroutine) park() {
	if !co.yield(struct{}{}) {
		panic(errUnwind)
	}
}

// resume runs the coroutine until its task waits or ends. It is called on the
// loop, or by a task that starts another one.
func (co *coroutine) resume() {
	if co.task == nil {
		return // unwound after it was woken
	}
	l := co.loop
	outer := l.task
	l.task = co.task
	co.task.state = taskRuns
	if f := co.task.follower; f != nil {
		f.TaskRuns()
		co.next()
		f.TaskWaits()
	} else {
		co.next()
	}
	l.task = outer
	if co.task == nil {
		l.retire(co)
	}
}

func (l *Loop) takeCoroutine() *coroutine {
	n := len(l.idleCoros)
	if n == 0 {
		return newCoroutine(l)
	}
	co := l.idleCoros[n-1]
	l.idleCoros[n-1] = nil
	l.idleCoros = l.idleCoros[:n-1]
	return co
}

func (l *Loop) retire(co *coroutine) {
	if len(l.idleCoros) == maxIdleCoroutines {
		co.stop()
		return
	}
	l.idleCoros = append(l.idleCoros, co)
}

func (l *Loop) stopCoroutines() {
	for _, co := range l.idleCoros {
		co.stop()
	}
	l.idleCoros = nil
}
