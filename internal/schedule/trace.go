package schedule

import (
	"fmt"
	"strings"
	"time"

	"brownout/internal/loop"
)

// A Trace is what happened when a program ran.
type Trace struct {
	// Semantics is the order of ticks and microtasks in which it ran.
	Semantics loop.Semantics
	// Callbacks are those that ran, in the order in which they did; the first
	// is the main program.
	Callbacks []*Callback
}

// A Callback is one run of a body.
type Callback struct {
	// Kind and Number name it: callbacks of a kind are numbered from 1 in the
	// order in which they were scheduled. The main program has number 0.
	Kind   Kind
	Number int
	// By is the callback that scheduled it, nil for the main program.
	By *Callback
	// Set is when it was scheduled, and Ran when it began to run.
	Set, Ran Moment
	// Logs are the texts that it printed.
	Logs []string
}

// A Moment is a place in the life of a loop.
type Moment struct {
	Turn  uint64 // 0 while main runs
	Phase loop.Phase
	At    time.Duration // since main began
}

// String returns the callback's name, such as "timeout #2", or "main".
func (c *Callback) String() string {
	if c.By == nil {
		return "main"
	}
	return fmt.Sprintf("%s #%d", c.Kind, c.Number)
}

// Order returns the texts that the program printed, separated by spaces.
func (t Trace) Order() string {
	var texts []string
	for _, c := range t.Callbacks {
		texts = append(texts, c.Logs...)
	}
	return strings.Join(texts, " ")
}
