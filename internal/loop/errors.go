package loop

import "errors"

// What the loop refuses. Callers tell them apart with [errors.Is].
var (
	// ErrFull refuses new work: the mailbox, the queue of a [Group] or the
	// loop's bound on operations in flight is full.
	ErrFull = errors.New("loop: full")
	// ErrClosed refuses new work after [Loop.Close], and is the cause with
	// which tasks that outlive the grace period are cancelled.
	ErrClosed = errors.New("loop: closed")
	// ErrNoReason stands in for the nil of a promise that was rejected with none.
	ErrNoReason = errors.New("loop: rejected without a reason")
)
