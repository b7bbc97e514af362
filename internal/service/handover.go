package service

import (
	"sync/atomic"
	"time"
)

// A handover settles, between a task that may be cancelled and the goroutine that is to
// act for it, whether the act was begun: one of take and cancel returns true, the
// first that is called.
type handover struct {
	state   atomic.Int32
	touched atomic.Bool  // whether a part of the act has had its effect
	began   atomic.Int64 // when it was begun, in Unix nanoseconds
}

const (
	handoverTaken = 1 + iota
	handoverCancelled
)

// take begins the act, unless it was cancelled.
func (h *handover) take() bool {
	if !h.state.CompareAndSwap(0, handoverTaken) {
		return false
	}
	h.began.Store(time.Now().UnixNano())
	return true
}

// took returns how long the act has been under way: less than 0 if it never will be, and
// since otherwise if nobody has said.
func (h *handover) took(otherwise time.Time) time.Duration {
	began := h.began.Load()
	switch {
	case h.state.Load() == handoverCancelled:
		return -1
	case began == 0:
		return time.Since(otherwise)
	}
	return time.Since(time.Unix(0, began))
}

// cancel settles that the act will not be begun any more, and says whether it never was.
func (h *handover) cancel() bool {
	return h.state.CompareAndSwap(0, handoverCancelled) || h.state.Load() == handoverCancelled
}
