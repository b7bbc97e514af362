package fault_test

import (
	"sync/atomic"
	"testing"
	"time"

	"brownout/chaos/fault"
)

// A teller is a bank that is asked by hand.
type teller struct {
	slow    func(time.Duration) time.Duration
	refuse  func() error
	lose    func() bool
	stopped atomic.Int64
	workers int
}

func (b *teller) Meddle(_ string, slow func(time.Duration) time.Duration, refuse func() error, lose func() bool) (stop func()) {
	b.slow, b.refuse, b.lose = slow, refuse, lose
	return func() { b.stopped.Add(1) }
}

func (b *teller) Workers() int     { return b.workers }
func (b *teller) SetWorkers(n int) { b.workers = n }

// banking is an injector of the faults of a bank.
func banking(b *teller) *fault.Injector {
	return fault.New(fault.Config{Kinds: fault.Catalogue(fault.Host{Bank: b, Capacity: b})})
}

func inject(t *testing.T, in *fault.Injector, s fault.Spec) string {
	t.Helper()
	s.TTL = time.Minute
	status, err := in.Inject(s)
	if err != nil {
		t.Fatal(err)
	}
	return status.ID
}
