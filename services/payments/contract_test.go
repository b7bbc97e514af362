package payments_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/payments"
	"brownout/services/payments/memstore"
	"brownout/services/payments/redisstore"
)

// eachStore runs a test of the contract against every adapter; open makes an empty
// store.
func eachStore(t *testing.T, test func(t *testing.T, task *loop.Task, open func() payments.Store)) {
	t.Run("memstore", func(t *testing.T) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			test(t, task, func() payments.Store { return memstore.New(service.NewMemory(rt)) })
		})
	})
	redistest.Each(t, func(t *testing.T, server redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			opened := 0
			test(t, task, func() payments.Store {
				opened++
				return redisstore.New(service.NewRedis(rt, service.RedisConfig{
					Addr: server.Addr, Prefix: fmt.Sprintf("payments%d:", opened), Timeout: 20 * time.Second,
				}))
			})
		})
	})
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func record(id string, version int64, status shop.PaymentStatus) *payments.Record {
	return &payments.Record{
		Payment: shop.Payment{
			ID: id, Reference: "ann/k1", Tenant: "acme", Status: status, Amount: 1 << 40, Currency: "EUR", Bank: "bank-a",
		},
		Card: "card-1", Charge: "ch_1", Version: version, From: shop.Authorised, Fence: version, Lease: epoch.Add(time.Second),
		Key: "ann/k1", Digest: "d", BankKey: "p.capture", Cancel: true, CancelKey: "ann/k2", CancelDigest: "e",
	}
}

func pending(key payments.Key, digest string) payments.KeyChange {
	return payments.KeyChange{Key: key, Fresh: true, Claim: payments.Claim{Digest: digest}, Lasts: time.Hour}
}

func answered(key payments.Key, digest, body string) payments.KeyChange {
	claim := payments.Claim{Digest: digest, Answer: payments.Answer{Status: 201, Body: []byte(body)}}
	return payments.KeyChange{Key: key, Claim: claim, Lasts: time.Hour}
}

func bookEntry(id string, amount shop.Amount) *shop.LedgerEntry {
	return &shop.LedgerEntry{
		Time: epoch, Kind: shop.EntryCaptured, Payment: id, Reference: "ann/k1", Bank: "bank-a", Amount: amount,
		Legs: []shop.Leg{{Account: "bank:bank-a", Amount: amount}, {Account: "revenue:acme", Amount: -amount}},
	}
}

func TestStoreKeepsWhatIsCommitted(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		expectSnapshot(t, task, s, "p1", "ann/k1", payments.Snapshot{})
		r := record("p1", 1, shop.Capturing)
		commit(t, task, s, payments.Change{Payment: "p1", Record: r, Keys: []payments.KeyChange{pending("ann/k1", "d")}}, nil)
		expectSnapshot(t, task, s, "p1", "ann/k1", payments.Snapshot{Record: *r, Claim: payments.Claim{Digest: "d"}})
		expectSnapshot(t, task, s, "p1", "ann/k2", payments.Snapshot{Record: *r})
		expectSnapshot(t, task, s, "p1", "", payments.Snapshot{Record: *r})

		const odd = "{\"a\": \"\\u0000\\ud83d\"}\n\xff\x00"
		done := record("p1", 2, shop.Captured)
		commit(t, task, s, payments.Change{
			Payment: "p1", Base: 1, Record: done, Entry: bookEntry("p1", 1<<60),
			Event: &shop.PaymentEvent{Time: epoch, Payment: "p1", Status: shop.Captured},
			Keys:  []payments.KeyChange{answered("ann/k1", "d", odd), answered("ann/k2", "e", "{}")},
		}, nil)
		want := payments.Snapshot{Record: *done, Claim: answered("ann/k1", "d", odd).Claim}
		expectSnapshot(t, task, s, "p1", "ann/k1", want)

		entry := *bookEntry("p1", 1<<60)
		entry.Seq = 1
		expectLedger(t, task, s, entry)
		expectBalances(t, task, s, entry.Legs...)
		expectEvents(t, task, s, shop.PaymentEvent{ID: "1", Time: epoch, Payment: "p1", Status: shop.Captured})
	})
}

func TestStoreRefusesAsAWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		r := record("p1", 3, shop.Authorised)
		commit(t, task, s, payments.Change{Payment: "p1", Record: r, Keys: []payments.KeyChange{pending("ann/k1", "d")}}, nil)
		event := &shop.PaymentEvent{Time: epoch, Payment: "p1", Status: shop.Captured}
		for _, c := range []payments.Change{
			{Payment: "p1", Base: 0, Keys: []payments.KeyChange{pending("ann/k2", "e")}},
			{Payment: "p1", Base: 2, Keys: []payments.KeyChange{pending("ann/k2", "e")}},
			{Payment: "p1", Base: 4, Keys: []payments.KeyChange{answered("ann/k1", "e", "x")}},
			{Payment: "p1", Base: 3, Keys: []payments.KeyChange{pending("ann/k1", "d")}},
			{Payment: "p1", Base: 3, Keys: []payments.KeyChange{pending("ann/k2", "d"), pending("ann/k1", "d")}},
			{Payment: "p2", Base: 1, Keys: []payments.KeyChange{pending("ann/k2", "d")}},
		} {
			c.Record, c.Entry, c.Event = record(c.Payment, 9, shop.Capturing), bookEntry(c.Payment, 7), event
			commit(t, task, s, c, payments.ErrMoved)
		}
		expectSnapshot(t, task, s, "p1", "ann/k1", payments.Snapshot{Record: *r, Claim: payments.Claim{Digest: "d"}})
		expectSnapshot(t, task, s, "p2", "ann/k2", payments.Snapshot{})
		expectLedger(t, task, s)
		expectBalances(t, task, s)
		expectEvents(t, task, s)
		expectDue(t, task, s, epoch.Add(time.Hour), 10)
	})
}

func TestStoreFreesKeys(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		r := record("p1", 1, shop.Voided)
		commit(t, task, s, payments.Change{Payment: "p1", Record: r, Keys: []payments.KeyChange{pending("ann/k1", "d")}}, nil)
		commit(t, task, s, payments.Change{Payment: "p1", Base: 1, Keys: []payments.KeyChange{{Key: "ann/k1"}}}, nil)
		commit(t, task, s, payments.Change{Payment: "p1", Base: 1, Keys: []payments.KeyChange{pending("ann/k1", "e")}}, nil)
		expectSnapshot(t, task, s, "p1", "ann/k1", payments.Snapshot{Record: *r, Claim: payments.Claim{Digest: "e"}})
	})
}

func TestStoreForgetsKeysInTime(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		short := pending("ann/k1", "d")
		short.Lasts = time.Millisecond
		for range 2 { // the second time it is free again
			commit(t, task, s, payments.Change{Payment: "p1", Keys: []payments.KeyChange{short}}, nil)
			for tries := 0; claimOf(t, task, s).Digest != ""; tries++ {
				if err := task.Sleep(time.Millisecond); err != nil || tries > 10_000 {
					t.Fatal("the key is known for ever: ", err)
				}
			}
		}
	})
}

func claimOf(t *testing.T, task *loop.Task, s payments.Store) payments.Claim {
	t.Helper()
	seen, err := s.Load(task, "p1", "ann/k1")
	if err != nil {
		t.Fatal(err)
	}
	return seen.Claim
}

func TestStoreListsWhatIsDue(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		for i, status := range []shop.PaymentStatus{shop.Authorising, shop.Authorised, shop.Capturing, shop.Voiding, shop.Refunding} {
			r := record("p"+strconv.Itoa(i), 1, status)
			r.Lease = epoch.Add(-time.Duration(i) * time.Second)
			commit(t, task, s, payments.Change{Payment: r.Payment.ID, Record: r}, nil)
		}
		expectDue(t, task, s, epoch, 10, "p4", "p3", "p2", "p0")
		expectDue(t, task, s, epoch, 2, "p4", "p3")
		expectDue(t, task, s, epoch.Add(-time.Millisecond), 10, "p4", "p3", "p2")
		commit(t, task, s, payments.Change{Payment: "p4", Base: 1, Record: record("p4", 2, shop.Refunded)}, nil)
		commit(t, task, s, payments.Change{Payment: "p3", Base: 1, Record: record("p3", 2, shop.Voiding)}, nil)
		expectDue(t, task, s, epoch, 10, "p2", "p0")
		expectDue(t, task, s, epoch.Add(time.Second), 10, "p2", "p0", "p3")
	})
}

func TestStorePagesInOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		for i := range int64(5) {
			commit(t, task, s, payments.Change{
				Payment: "p1", Base: i, Record: record("p1", i+1, shop.Captured), Entry: bookEntry("p1", shop.Amount(i+1)),
				Event: &shop.PaymentEvent{Time: epoch, Payment: "p1", Status: shop.Captured},
			}, nil)
		}
		for _, tt := range []struct {
			after int64
			most  int
			want  []int64
		}{
			{0, 10, []int64{1, 2, 3, 4, 5}},
			{0, 2, []int64{1, 2}},
			{2, 2, []int64{3, 4}},
			{4, 2, []int64{5}},
			{5, 2, nil},
			{1 << 53, 1001, nil},
		} {
			if got := ledgerNumbers(t, task, s, tt.after, tt.most); !slices.Equal(got, tt.want) {
				t.Errorf("ledger after %d, %d at most: %d, want %d", tt.after, tt.most, got, tt.want)
			}
			if got := eventNumbers(t, task, s, tt.after, tt.most); !slices.Equal(got, tt.want) {
				t.Errorf("events after %d, %d at most: %d, want %d", tt.after, tt.most, got, tt.want)
			}
		}
		expectBalances(t, task, s, shop.Leg{Account: "bank:bank-a", Amount: 15}, shop.Leg{Account: "revenue:acme", Amount: -15})
	})
}

func ledgerNumbers(t *testing.T, task *loop.Task, s payments.Store, after int64, most int) (numbers []int64) {
	t.Helper()
	entries, err := s.Ledger(task, after, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		numbers = append(numbers, e.Seq)
	}
	return numbers
}

func eventNumbers(t *testing.T, task *loop.Task, s payments.Store, after int64, most int) (numbers []int64) {
	t.Helper()
	events, err := s.Events(task, after, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		n, err := strconv.ParseInt(e.ID, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// Of many who change the same version, or claim the same key, one gets through.
func TestStoreLetsOneThrough(t *testing.T) {
	const rivals = 20
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		s := open()
		for name, change := range map[string]func(i int) payments.Change{
			"version": func(int) payments.Change {
				return payments.Change{Payment: "p", Record: record("p", 1, shop.Captured)}
			},
			"key": func(i int) payments.Change {
				return payments.Change{Payment: "q" + strconv.Itoa(i), Keys: []payments.KeyChange{pending("ann/k9", "d")}}
			},
		} {
			through := 0
			together(task, rivals, func(task *loop.Task, i int) {
				switch err := s.Commit(task, change(i)); {
				case err == nil:
					through++
				case !errors.Is(err, payments.ErrMoved):
					t.Errorf("%s: %v", name, err)
				}
			})
			if through != 1 {
				t.Errorf("%s: %d got through", name, through)
			}
		}
	})
}

// A store does the same as the model, whatever is asked of it.
func TestStoreFollowsTheModel(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, open func() payments.Store) {
		rapid.Check(t, func(r *rapid.T) {
			s, m := open(), newModel()
			for range rapid.IntRange(1, 8).Draw(r, "changes") {
				c := m.draw(r)
				want, got := m.commit(c), s.Commit(task, c)
				if !errors.Is(got, want) || (got == nil) != (want == nil) {
					r.Fatalf("%+v: %v, want %v", c, got, want)
				}
			}
			m.compare(r, task, s)
		})
	})
}

// What Redis has answered outlives its death, and scripts that it has forgotten are sent
// again.
func TestRedisstoreSurvivesADeath(t *testing.T) {
	server := redistest.Real(t)
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		s := redisstore.New(service.NewRedis(rt, service.RedisConfig{Addr: server.Addr, Prefix: "payments:"}))
		r := record("p1", 1, shop.Capturing)
		commit(t, task, s, payments.Change{
			Payment: "p1", Record: r, Keys: []payments.KeyChange{answered("ann/k1", "d", "{}")}, Entry: bookEntry("p1", 5),
		}, nil)
		server.Restart(t)
		for tries := 0; ; tries++ { // connections from before have to be found broken first
			if _, err := s.Load(task, "p1", "ann/k1"); err == nil {
				break
			} else if tries == 3 {
				t.Fatal(err)
			}
		}
		expectSnapshot(t, task, s, "p1", "ann/k1", payments.Snapshot{Record: *r, Claim: answered("ann/k1", "d", "{}").Claim})
		commit(t, task, s, payments.Change{Payment: "p1", Base: 1, Record: record("p1", 2, shop.Captured), Entry: bookEntry("p1", 7)}, nil)
		if got := ledgerNumbers(t, task, s, 0, 10); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("ledger %d", got)
		}
		expectBalances(t, task, s, shop.Leg{Account: "bank:bank-a", Amount: 12}, shop.Leg{Account: "revenue:acme", Amount: -12})
	})
}
