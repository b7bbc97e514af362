package gateway

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

const (
	sweepEvery  = time.Second
	sweepAtMost = 50 // orders in a sweep
	sweepAtOnce = 8  // of them side by side
)

// sweep finishes or undoes the orders that nobody has seen to for the length of a
// lease, while the protection sweeper is on.
func (s *sagas) sweep(t *loop.Task) error {
	for swept := 0; swept < sweepAtMost && s.sweeping.On(); {
		batch := s.sweepBatch()
		n, err := s.sweepSome(t, batch)
		if err != nil || n < batch {
			return err
		}
		swept += n
	}
	return nil
}

// sweepBatch is how many orders can be begun at once. To lease more would let their
// leases run out while they wait.
func (s *sagas) sweepBatch() int {
	if s.fanning.On() {
		return sweepAtOnce
	}
	return sweepAtMost
}

// sweepSome takes up to limit orders, all of which it begins at once, and returns how
// many those were.
func (s *sagas) sweepSome(t *loop.Task, limit int) (int, error) {
	now := time.Now()
	left, err := s.store.Take(t, now, now.Add(s.lease), limit)
	if err != nil {
		return 0, err
	}
	return len(left), s.fan.Each(t, len(left), func(t *loop.Task, i int) error {
		s.settleLeft(t, left[i])
		return t.Err() // one order does not keep another from being settled
	})
}

// settleLeft brings an order that was left to an end, within a lease.
func (s *sagas) settleLeft(t *loop.Task, r Record) {
	p := s.pursue(r)
	err := t.WithTimeout(s.lease, func() error { _, err := p.settle(t); return err })
	s.metrics.left(r, err)
	if err != nil && !errors.Is(err, ErrFenced) && t.Err() == nil {
		p.warn("order not settled yet", err)
	}
}

// pursue takes an order into the caller's hands, who has its fence.
func (s *sagas) pursue(r Record) *pursuit {
	p := &pursuit{sagas: s, order: r.Order, step: r.Step, since: time.Now(), fence: r.Fence, undone: r.Verdict}
	if !p.undone.Release && p.undone.Answer.Status == 0 {
		p.undone = told(&shop.Error{Code: shop.CodeCancelled, Message: "the order was cancelled; all of it was undone"}, "")
	}
	return p
}
