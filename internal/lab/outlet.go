package lab

import (
	"io"
	"time"
)

const (
	// maxWaiting bounds the lines that wait for a reader.
	maxWaiting = 1024
	// partingTime bounds how long the end waits for it.
	partingTime = time.Second
)

// An outlet writes lines for a reader that may stall, or may be gone: what it does not
// take in time is lost. Any goroutine may say something, until it is closed.
type outlet struct {
	lines chan string
	done  chan struct{}
}

func newOutlet(w io.Writer) *outlet {
	o := &outlet{lines: make(chan string, maxWaiting), done: make(chan struct{})}
	go func() {
		defer close(o.done)
		for line := range o.lines {
			_, _ = io.WriteString(w, line)
		}
	}()
	return o
}

// say has a line written, or loses it. It never waits.
func (o *outlet) say(line string) {
	select {
	case o.lines <- line:
	default:
	}
}

// close waits a little until all has been written. A reader that has stalled keeps the
// goroutine until the process ends.
func (o *outlet) close() {
	close(o.lines)
	timeout := time.NewTimer(partingTime)
	defer timeout.Stop()
	select {
	case <-o.done:
	case <-timeout.C:
	}
}
