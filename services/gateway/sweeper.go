package gateway

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

const (
	sweepEvery  = time.Second
	sweepAtMost = 50 // orders at a time
	sweepAtOnce = 8  // of them side by side
)

// sweep finishes or undoes the orders that nobody has seen to for the length of a
// lease, while the protection sweeper is on.
func (s *sagas) sweep(t *loop.Task) error {
	if !s.sweeping.On() {
		return nil
	}
	now := time.Now()
	left, err := s.store.Take(t, now, now.Add(s.lease), sweepAtMost)
	if err != nil || len(left) == 0 {
		return err
	}
	return s.fan.Each(t, len(left), func(t *loop.Task, i int) error {
		p := s.pursue(left[i])
		err := t.WithTimeout(s.lease, func() error { _, err := p.settle(t); return err })
		if err != nil && !errors.Is(err, ErrFenced) && t.Err() == nil {
			p.warn("order not settled yet", err)
		}
		return t.Err() // one order does not keep another from being settled
	})
}

// pursue takes an order into the caller's hands, who has its fence.
func (s *sagas) pursue(r Record) *pursuit {
	p := &pursuit{sagas: s, order: r.Order, step: r.Step, fence: r.Fence, undone: r.Verdict}
	if !p.undone.Release && p.undone.Answer.Status == 0 {
		p.undone = told(&shop.Error{Code: shop.CodeCancelled, Message: "the order was cancelled; all of it was undone"}, "")
	}
	return p
}
