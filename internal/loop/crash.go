package loop

import (
	"fmt"
	"io"
	"os"
)

// crash writes the loop's state to standard error when a callback panics. It
// does not recover, so the process ends with the panic's own message and stack.
func (l *Loop) crash() {
	if !l.state.ended.Load() {
		l.report(os.Stderr)
	}
}

// report describes the loop as it stands. On the loop only.
func (l *Loop) report(w io.Writer) {
	name := "none"
	if l.current != nil {
		name = l.current.name
	}
	d := l.depths()
	fmt.Fprintf(w, "loop %q died in callback %q: phase %s, turn %d, %d microtasks in this turn\n",
		l.config.Name, name, l.phase, l.turn, l.spent)
	fmt.Fprintf(w, "queued: %d ticks, %d microtasks, %d immediates, %d timers, %d in the mailbox; under way: %d tasks, %d operations\n",
		d.Ticks, d.Microtasks, d.Immediates, d.Timers, d.Mailbox, d.Tasks, d.Operations)
}
