package fault_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func (b *teller) Meddle(slow func(time.Duration) time.Duration, refuse func() error, lose func() bool) (stop func()) {
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

func TestBankIsSlowForAsLongAsItIsToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		inject(t, in, fault.Spec{Fault: "bank.slow", Params: map[string]string{"factor": "3", "extra": "5ms"}, First: 2})
		took := []time.Duration{b.slow(10 * time.Millisecond), b.slow(time.Hour), b.slow(10 * time.Millisecond)}
		if want := []time.Duration{35 * time.Millisecond, time.Minute, 10 * time.Millisecond}; !slices.Equal(took, want) {
			t.Errorf("%v, want %v", took, want)
		}
		if hits := in.List()[0].Hits; hits != 2 {
			t.Errorf("%d hits", hits)
		}
		time.Sleep(time.Minute + 1)
		if b.stopped.Load() != 1 || len(in.List()) != 0 {
			t.Errorf("stopped %d times, active %v", b.stopped.Load(), in.List())
		}
	})
}

func TestBankRefusesInRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		id := inject(t, in, fault.Spec{Fault: "bank.error", Params: map[string]string{"burst": "5"}, Toxicity: 0.3, Seed: 1})
		refused, changes, last := 0, 0, false
		for range 10_000 {
			now := b.refuse() != nil
			if now {
				refused++
			}
			if now != last {
				changes++
			}
			last = now
		}
		if refused < 2500 || refused > 3500 || changes > 2*refused/5+10 {
			t.Errorf("%d of 10000 refused, with %d changes", refused, changes)
		}
		if err := in.Clear(id); err != nil || b.stopped.Load() != 1 {
			t.Errorf("error %v, stopped %d times", err, b.stopped.Load())
		}
	})
}

func TestBankLosesReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		inject(t, in, fault.Spec{Fault: "bank.lost-reply", First: 1})
		if !b.lose() || b.lose() {
			t.Error("want the first reply lost, and no other")
		}
		in.ClearAll()
	})
}

func TestCapacityComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for share, want := range map[string]int{"0.8": 2, "0.01": 7, "1": 0} {
			b := &teller{workers: 8}
			in := banking(b)
			inject(t, in, fault.Spec{Fault: "capacity.cut", Params: map[string]string{"share": share}})
			if b.workers != want || in.List()[0].Hits != uint64(8-want) {
				t.Errorf("%s: %d workers are left, %d hits, want %d", share, b.workers, in.List()[0].Hits, want)
			}
			in.ClearAll()
			if b.workers != 8 {
				t.Errorf("%s: %d workers afterwards", share, b.workers)
			}
		}
	})
}
