package loop

import "sync/atomic"

// A completion brings the outcome of an operation back to the loop. It is a
// node of its own queue and lives inside the operation, so it can always be
// delivered: the slot is the operation itself, reserved when that began.
type completion struct {
	next  *completion
	label *label
	owner completer
}

// A completer is told on the loop, in the poll phase, that its operation ended.
type completer interface{ complete() }

// completions is a queue for many producers and one consumer that never
// refuses: a stack that producers push to and the consumer takes whole.
type completions struct {
	top atomic.Pointer[completion]
}

// push delivers a completion, once. Any goroutine may call it.
func (cs *completions) push(c *completion) {
	for {
		top := cs.top.Load()
		c.next = top
		if cs.top.CompareAndSwap(top, c) {
			return
		}
	}
}

func (cs *completions) ready() bool { return cs.top.Load() != nil }

// takeAll empties the queue and returns what was in it, oldest first, linked by next.
func (cs *completions) takeAll() *completion {
	if !cs.ready() {
		return nil
	}
	var oldest *completion
	for c := cs.top.Swap(nil); c != nil; {
		c.next, oldest, c = oldest, c, c.next
	}
	return oldest
}
