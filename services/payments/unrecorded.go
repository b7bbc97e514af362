package payments

import (
	"errors"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// maxUnrecorded bounds the payments that are known to this process alone.
const maxUnrecorded = 10_000

// A recorder is a store that, while the protection fail-closed is off, lets payments go
// on which it cannot keep: what it should have kept it remembers, without a ledger
// and without keys, until the process ends. It belongs to a loop.
type recorder struct {
	Store
	gate       *resilience.ClosedGate
	unrecorded map[string]Record // by payment
}

func newRecorder(s Store, gate *resilience.ClosedGate) *recorder {
	return &recorder{Store: s, gate: gate, unrecorded: map[string]Record{}}
}

// Load implements Store.
func (s *recorder) Load(t *loop.Task, payment string, key Key) (Snapshot, error) {
	seen, err := s.Store.Load(t, payment, key)
	if err != nil && (t.Err() != nil || !s.gate.Open()) {
		return seen, err
	}
	if r := s.recalled(payment); r.Version > seen.Record.Version {
		seen.Record = r
	}
	return seen, nil
}

// recalled is what is remembered of a payment, while that counts.
func (s *recorder) recalled(payment string) Record {
	if s.gate.Closed() {
		return Record{}
	}
	return s.unrecorded[payment]
}

// Commit implements Store.
func (s *recorder) Commit(t *loop.Task, c Change) error {
	err := s.Store.Commit(t, c)
	switch {
	case err == nil:
		delete(s.unrecorded, c.Payment)
		return nil
	case errors.Is(err, ErrMoved) && s.recalled(c.Payment).Version == 0:
		return err // moved on by somebody else
	case t.Err() != nil || !s.gate.Open():
		return err
	}
	return s.remember(c, err)
}

// remember goes on with a change that could not be made.
func (s *recorder) remember(c Change, failed error) error {
	was, known := s.unrecorded[c.Payment]
	switch {
	case known && was.Version != c.Base:
		return ErrMoved
	case !known && len(s.unrecorded) >= maxUnrecorded:
		return failed
	case c.Record != nil:
		s.unrecorded[c.Payment] = *c.Record
	}
	return nil
}
