package inventory

import (
	"time"

	"brownout/internal/loop"
)

const (
	// sweepEvery is the pause between two sweeps.
	sweepEvery = time.Second
	// sweepBatch bounds the holds that one operation of the store expires.
	sweepBatch = 100
)

// seed fills the store and then rests: were it done again, data that was lost would
// seem never to have been there.
func (s *Inventory) seed(t *loop.Task) error {
	if err := Seed(t, s.store, s.config.Products); err != nil {
		return err
	}
	s.seeded.Store(true)
	_, err := loop.Await(t, loop.NewPromise[struct{}](t.Loop(), "the end"))
	return err
}

// unready says that there is nothing to sell before the store is filled.
func (s *Inventory) unready() string {
	if s.seeded.Load() {
		return ""
	}
	return "the products are not in the store yet"
}

// sweep expires the holds that are due, as long as the protection is on.
func (s *Inventory) sweep(t *loop.Task) error {
	for s.sweeper.On() {
		n, err := s.store.ExpireDue(t, time.Now(), sweepBatch)
		s.metrics.expired.Add(float64(n))
		if err != nil || n < sweepBatch {
			return err
		}
	}
	return nil
}
