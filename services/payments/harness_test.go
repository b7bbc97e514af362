package payments_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// together runs fn n times at once and waits for all.
func together(t *loop.Task, n int, fn func(t *loop.Task, i int)) {
	ended := loop.NewPromise[struct{}](t.Loop(), "ended")
	left := n
	for i := range n {
		t.Loop().Spawn(t.Context(), "rival", func(t *loop.Task) {
			defer func() {
				if left--; left == 0 {
					ended.Resolve(struct{}{})
				}
			}()
			fn(t, i)
		})
	}
	_, _ = loop.Await(t, ended) // fails only with t, and that is reported elsewhere
}

func commit(t *testing.T, task *loop.Task, s payments.Store, c payments.Change, want error) {
	t.Helper()
	if err := s.Commit(task, c); !errors.Is(err, want) || err != nil && want == nil {
		t.Fatalf("commit %+v: %v, want %v", c, err, want)
	}
}

func expectSnapshot(t *testing.T, task *loop.Task, s payments.Store, id string, key payments.Key, want payments.Snapshot) {
	t.Helper()
	got, err := s.Load(task, id, key)
	expect(t, "snapshot of "+id+" and "+string(key), err, got, want)
}

func expectLedger(t *testing.T, task *loop.Task, s payments.Store, want ...shop.LedgerEntry) {
	t.Helper()
	got, err := s.Ledger(task, 0, 1000)
	expect(t, "ledger", err, got, want)
}

func expectBalances(t *testing.T, task *loop.Task, s payments.Store, want ...shop.Leg) {
	t.Helper()
	got, err := s.Balances(task)
	expect(t, "balances", err, got, want)
}

func expectEvents(t *testing.T, task *loop.Task, s payments.Store, want ...shop.PaymentEvent) {
	t.Helper()
	got, err := s.Events(task, 0, 1000)
	expect(t, "events", err, got, want)
}

func expectDue(t *testing.T, task *loop.Task, s payments.Store, now time.Time, most int, want ...string) {
	t.Helper()
	got, err := s.Due(task, now, most)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("due: %q, %v; want %q", got, err, want)
	}
}

func expect(t *testing.T, what string, err error, got, want any) {
	t.Helper()
	if err != nil || !alike(got, want) {
		t.Errorf("%s: %v\n got %+v\nwant %+v", what, err, got, want)
	}
}
