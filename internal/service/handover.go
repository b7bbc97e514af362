package service

import "sync/atomic"

// A handover settles, between a task that may be cancelled and the goroutine that is to
// act for it, whether the act was begun: one of take and cancel returns true, the
// first that is called.
type handover struct {
	state   atomic.Int32
	touched atomic.Bool // whether a part of the act has had its effect
}

const (
	handoverTaken = 1 + iota
	handoverCancelled
)

// take begins the act, unless it was cancelled.
func (h *handover) take() bool { return h.state.CompareAndSwap(0, handoverTaken) }

// cancel says that the act was not begun, and never will be.
func (h *handover) cancel() bool {
	return h.state.CompareAndSwap(0, handoverCancelled) || h.state.Load() == handoverCancelled
}
