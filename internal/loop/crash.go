package loop

import (
	"fmt"
	"io"
	"os"
)

// crash is how Run ends when a callback did not return: with the loop's state on
// standard error. A panic goes on from there; for nil, it was runtime.Goexit.
func (l *Loop) crash(reason any) {
	l.report(os.Stderr)
	if reason != nil {
		panic(reason)
	}
	l.mailbox.close()
	l.state.rest(l.clock())
	close(l.done)
}

// die ends the process because a task or call has panicked. It does so from a
// goroutine of its own, for on this one somebody might recover, and go on with a
// broken loop.
func die(reason error) {
	go panic(reason)
	select {}
}

// report describes the loop as it stands. On the loop only.
func (l *Loop) report(w io.Writer) {
	name := "none"
	if l.current != nil {
		name = l.current.name
	}
	d := l.depths()
	fmt.Fprintf(w, "loop %q died in callback %q: phase %s, turn %d, %d microtasks in this turn\n",
		l.config.Name, name, l.phase, l.turn, l.executed())
	fmt.Fprintf(w, "queued: %d ticks, %d microtasks, %d immediates, %d timers, %d in the mailbox; under way: %d tasks, %d operations\n",
		d.Ticks, d.Microtasks, d.Immediates, d.Timers, d.Mailbox, d.Tasks, d.Operations)
}
