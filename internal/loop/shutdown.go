package loop

import (
	"fmt"
	"strings"
)

// A stage of the loop's life. A loop goes through them in this order, and may
// leave out those that have nothing to do.
type stage uint8

const (
	// running takes new work.
	running stage = iota
	// draining takes nothing more and finishes what was accepted.
	draining
	// cancelling has cancelled the tasks that outlived the grace period.
	cancelling
	// abandoned has given up those that did not return even then.
	abandoned
)

// Close begins the orderly end of the loop and returns at once. From now on
// [Loop.Post] refuses. The loop finishes what it has accepted: posted work,
// tasks, operations, immediates; with ExitWhenIdle, timers too, intervals until the
// grace period is over (otherwise a timer counts only if a task waits for it). Tasks that are still there after
// Config.Grace are cancelled with ErrClosed as the cause, and abandoned after
// Config.Unwind. Then the close phase runs, and Run returns. Any goroutine may
// call it, any number of times.
func (l *Loop) Close() {
	l.closing.Store(true)
	l.mailbox.close()
	l.wake()
}

// Done returns a channel that is closed when Run has returned.
func (l *Loop) Done() <-chan struct{} { return l.done }

// runTurns runs turns until the loop is to end.
func (l *Loop) runTurns() {
	for l.alive() {
		l.runTurn()
	}
	l.Close() // an idle loop takes nothing more, but runs what slipped in
	for l.alive() {
		l.runTurn()
	}
}

func (l *Loop) alive() bool {
	switch {
	case l.stage == abandoned:
		return false
	case l.stage == running && l.closing.Load():
		return !l.config.ExitWhenIdle || l.pending()
	case l.stage == running && !l.config.ExitWhenIdle:
		return true
	}
	return l.pending()
}

// pending says whether anything is left that a loop finishes before it ends.
func (l *Loop) pending() bool {
	return l.undrained() || !l.immediates.empty() ||
		l.tasks.len > 0 || l.operations > 0 || l.mailbox.head != l.mailbox.end() ||
		l.config.ExitWhenIdle && l.timers.refs > 0
}

// advanceShutdown begins the end once Close was called.
func (l *Loop) advanceShutdown() {
	if l.stage != running || !l.closing.Load() {
		return
	}
	l.stage = draining
	if l.config.Grace < 0 {
		l.cancelTasks()
		return
	}
	l.SetTimeout("grace period", l.config.Grace, l.cancelTasks).Unref()
}

func (l *Loop) cancelTasks() {
	l.stage = cancelling
	for n := l.tasks.first; n != nil; n = n.next {
		if n.owner.sibling.in == nil { // the others hear of it from whom they belong to
			n.owner.Cancel(ErrClosed)
		}
	}
	l.SetTimeout("unwind period", l.config.Unwind, func() { l.stage = abandoned }).Unref()
}

// finish ends what is left of the tasks and runs the close phase.
func (l *Loop) finish() error {
	l.stage = abandoned
	left := AbandonedError{Tasks: l.unwindTasks(), Operations: l.operations}
	l.runClose()
	left.Tasks = append(left.Tasks, l.unwindTasks()...)
	l.endTurn()
	l.stopCoroutines()
	if len(left.Tasks) == 0 && left.Operations == 0 {
		return nil
	}
	return &left
}

func (l *Loop) runClose() {
	l.turn++
	l.begin(Close)
	l.refillBudget()
	for i := len(l.onClose) - 1; i >= 0; i-- {
		l.run(l.onClose[i].label, l.onClose[i].fn)
	}
	l.end()
}

// AbandonedError is what [Loop.Run] returns when the end could not wait.
type AbandonedError struct {
	// Tasks names tasks that did not return after they were cancelled; each was
	// unwound where it waited, so that its deferred calls ran.
	Tasks []string
	// Operations counts jobs and calls that were still running elsewhere.
	Operations int
}

func (e *AbandonedError) Error() string {
	return fmt.Sprintf("loop: abandoned %d tasks (%s) and %d operations",
		len(e.Tasks), strings.Join(e.Tasks, ", "), e.Operations)
}

// unwindTasks ends the tasks where they wait and returns their names.
func (l *Loop) unwindTasks() (names []string) {
	for n := l.tasks.first; n != nil; n = l.tasks.first {
		names = append(names, n.owner.label.name)
		n.owner.unwind()
	}
	return names
}
