package schedule

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"brownout/internal/loop"
)

// Explain writes a table of what ran in which turn and phase, what it printed
// and why it ran just then, and below it the order. Turn and phase stand only
// where they change, so a callback is seen to run within that of the line above.
// Long texts are cut in the table, not in the order. The error is w's.
func (t Trace) Explain(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "turn\tphase\tran\tlogs\twhy")
	var last *Callback
	for _, c := range t.Callbacks {
		turn, phase := c.Ran.since(last)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", turn, phase, c, cut(strings.Join(c.Logs, " ")), t.why(c))
		last = c
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, strings.TrimRight("order: "+t.Order(), " "))
	return err
}

// since returns turn and phase where they differ from those of the callback
// that ran before, if any.
func (m Moment) since(last *Callback) (turn, phase string) {
	switch {
	case last == nil || m.Turn != last.Ran.Turn:
		return strconv.FormatUint(m.Turn, 10), m.Phase.String()
	case m.Phase != last.Ran.Phase:
		return "", m.Phase.String()
	}
	return "", ""
}

// cellLimit is how many characters of a text the table shows. Every line is as
// wide as the widest, so a long text would be paid for on all of them.
const cellLimit = 40

// cut shortens a text for the table.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= cellLimit {
		return text
	}
	return string([]rune(text)[:cellLimit-3]) + "..."
}

// why says in a few words why a callback ran when it did.
func (t Trace) why(c *Callback) string {
	if c.By == nil {
		return "the program itself runs before the first turn"
	}
	switch c.Kind {
	case NextTick:
		return fmt.Sprintf("queued by %s; %s", c.By, t.whyTick(c))
	case Promise:
		return fmt.Sprintf("queued by %s; %s", c.By, t.whyMicrotask(c))
	case Timeout:
		return fmt.Sprintf("set by %s; %s", c.setter(), c.whyTimer())
	case Immediate:
		return fmt.Sprintf("set by %s; %s", c.setter(), c.whyImmediate())
	}
	return fmt.Sprintf("started by %s; %s", c.setter(), c.whyRead())
}

func (t Trace) whyTick(c *Callback) string {
	switch {
	case c.By.queuedAs(Promise) && t.Semantics == loop.HandbookOrder:
		return "the handbook looks at ticks after every microtask"
	case c.By.queuedAs(Promise):
		return "ticks wait until the microtasks have run dry"
	case c.By.queuedAs(NextTick):
		return "ticks run until none is left, before microtasks"
	}
	return "ticks run right after the callback, before microtasks"
}

func (t Trace) whyMicrotask(c *Callback) string {
	switch {
	case t.Semantics == loop.HandbookOrder:
		return "microtasks run one by one, whenever no tick is waiting"
	case c.By.queuedAs(Promise):
		return "microtasks run until none is left"
	case c.By.queuedAs(NextTick):
		return "microtasks run when no tick is left"
	}
	return "microtasks run dry after every callback, behind its ticks"
}

// whyTimer tells from the turn whether the timer was due when the loop first
// looked at it. A phase runs every timer that is due, so it was not if it ran
// in a later turn than the next.
func (c *Callback) whyTimer() string {
	took := milliseconds(c.Ran.At - c.Set.At)
	if next := c.Set.Turn + 1; c.Ran.Turn > next {
		return fmt.Sprintf("its 1 ms had not passed in %s but had in turn %d, %s later",
			turns(next, c.Ran.Turn-1), c.Ran.Turn, took)
	}
	return fmt.Sprintf("its 1 ms had passed when the loop looked, %s later", took)
}

func (c *Callback) whyImmediate() string {
	switch {
	case c.Ran.Turn == c.Set.Turn:
		return fmt.Sprintf("check follows %s in the same turn", c.Set.Phase)
	case c.Set.Phase == loop.Check:
		return "what check sets waits for the next turn's check"
	}
	return fmt.Sprintf("check of turn %d is the first to come", c.Ran.Turn)
}

// whyRead tells from the turn whether the read was done by the first poll phase
// that came after it was started, or met by it.
func (c *Callback) whyRead() string {
	next := c.Set.Turn
	if c.Set.Phase >= loop.Poll || c.Set.Phase == loop.Main {
		next++
	}
	took := milliseconds(c.Ran.At - c.Set.At)
	if c.Ran.Turn > next {
		return fmt.Sprintf("it was not done when the loop polled in %s but was in turn %d, %s later",
			turns(next, c.Ran.Turn-1), c.Ran.Turn, took)
	}
	return fmt.Sprintf("the pool had done it by the end of the next poll, %s later", took)
}

// queuedAs tells whether the callback is of a kind; main is of none.
func (c *Callback) queuedAs(kind Kind) bool { return c.By != nil && c.Kind == kind }

// setter names the callback that scheduled this one, and the phase it ran in.
func (c *Callback) setter() string {
	if c.By.By == nil {
		return "main"
	}
	return fmt.Sprintf("%s in %s", c.By, c.Set.Phase)
}

// turns names the turns from first to last.
func turns(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("turn %d", first)
	}
	return fmt.Sprintf("turns %d to %d", first, last)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
}
