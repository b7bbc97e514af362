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
	ended   atomic.Int64 // when it had its outcome, likewise
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

// end says that the act has its outcome, for which the task has yet to come.
func (h *handover) end() { h.ended.Store(time.Now().UnixNano()) }

// times are when the act was begun and had its outcome; zero for what never was, and since for a
// beginning that nobody has told of.
func (h *handover) times(since time.Time) (left, answered time.Time) {
	if h.state.Load() == handoverCancelled {
		return left, answered
	}
	if left = since; h.began.Load() != 0 {
		left = time.Unix(0, h.began.Load())
	}
	if h.ended.Load() != 0 {
		answered = time.Unix(0, h.ended.Load())
	}
	return left, answered
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
