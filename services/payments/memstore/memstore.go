// Package memstore keeps payments in memory: for simulations, for tests, and for a
// shop that is to run without Redis. What it keeps lives as long as the Store, and
// outlives the service that uses it; see [Store.For].
package memstore

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// A Store implements payments.Store.
type Store struct {
	memory *service.Memory
	data   *data
}

// New makes an empty store, whose operations go through memory.
func New(memory *service.Memory) *Store {
	return &Store{memory: memory, data: newData()}
}

// For returns the same data for another life of the service, with a memory of its own:
// as after a crash, which the data survives. Only one of them may be in use.
func (s *Store) For(memory *service.Memory) *Store { return &Store{memory: memory, data: s.data} }

// Load implements payments.Store.
func (s *Store) Load(t *loop.Task, payment string, key payments.Key) (payments.Snapshot, error) {
	return service.MemoryDo(t, s.memory, "payments.load", func() (payments.Snapshot, error) {
		return payments.Snapshot{Record: s.data.records[payment], Claim: s.data.claim(key, time.Now())}, nil
	})
}

// Commit implements payments.Store.
func (s *Store) Commit(t *loop.Task, c payments.Change) error {
	_, err := service.MemoryDo(t, s.memory, "payments.commit", func() (struct{}, error) {
		return struct{}{}, s.data.commit(c, time.Now())
	})
	return err
}

// Due implements payments.Store.
func (s *Store) Due(t *loop.Task, now time.Time, most int) ([]string, error) {
	return service.MemoryDo(t, s.memory, "payments.due", func() ([]string, error) { return s.data.dueAt(now, most), nil })
}

// Ledger implements payments.Store.
func (s *Store) Ledger(t *loop.Task, after int64, most int) ([]shop.LedgerEntry, error) {
	return service.MemoryDo(t, s.memory, "payments.ledger", func() ([]shop.LedgerEntry, error) {
		return page(s.data.ledger, after, most), nil
	})
}

// Balances implements payments.Store.
func (s *Store) Balances(t *loop.Task) ([]shop.Leg, error) {
	return service.MemoryDo(t, s.memory, "payments.balances", func() ([]shop.Leg, error) { return s.data.accounts(), nil })
}

// Events implements payments.Store.
func (s *Store) Events(t *loop.Task, after int64, most int) ([]shop.PaymentEvent, error) {
	return service.MemoryDo(t, s.memory, "payments.events", func() ([]shop.PaymentEvent, error) {
		return page(s.data.events, after-s.data.dropped, most), nil
	})
}

// data is what is kept. It is touched by one operation at a time.
type data struct {
	records  map[string]payments.Record
	claims   map[payments.Key]claim
	expiries []expiry             // of claims, the earliest first; some are outdated
	due      map[string]time.Time // the leases of payments on their way
	ledger   []shop.LedgerEntry
	balances map[string]shop.Amount
	events   []shop.PaymentEvent
	dropped  int64 // events that are gone
}

type claim struct {
	payments.Claim
	until time.Time
}

type expiry struct {
	key payments.Key
	at  time.Time
}

func newData() *data {
	return &data{
		records:  map[string]payments.Record{},
		claims:   map[payments.Key]claim{},
		due:      map[string]time.Time{},
		balances: map[string]shop.Amount{},
	}
}

func (d *data) claim(key payments.Key, now time.Time) payments.Claim {
	c, ok := d.claims[key]
	if !ok || !now.Before(c.until) {
		return payments.Claim{}
	}
	return c.Claim
}

func (d *data) commit(c payments.Change, now time.Time) error {
	d.expire(now)
	if d.records[c.Payment].Version != c.Base {
		return payments.ErrMoved
	}
	for _, k := range c.Keys {
		if k.Fresh && d.claim(k.Key, now).Digest != "" {
			return payments.ErrMoved
		}
	}
	for _, k := range c.Keys {
		d.setClaim(k, now)
	}
	if c.Record != nil {
		d.setRecord(*c.Record)
	}
	if c.Entry != nil {
		d.book(*c.Entry)
	}
	if c.Event != nil {
		d.tell(*c.Event)
	}
	return nil
}

func (d *data) setClaim(k payments.KeyChange, now time.Time) {
	if k.Claim.Digest == "" {
		delete(d.claims, k.Key)
		return
	}
	k.Claim.Answer.Body = slices.Clone(k.Claim.Answer.Body)
	until := now.Add(k.Lasts)
	d.claims[k.Key] = claim{k.Claim, until}
	d.expiries = append(d.expiries, expiry{k.Key, until})
}

// expire forgets keys whose time is over. All last equally long, so that the list is in
// order; a key that has been set again since is found when its own turn comes.
func (d *data) expire(now time.Time) {
	n := 0
	for ; n < len(d.expiries) && !now.Before(d.expiries[n].at); n++ {
		key := d.expiries[n].key
		if !now.Before(d.claims[key].until) {
			delete(d.claims, key)
		}
	}
	d.expiries = d.expiries[n:]
}

func (d *data) setRecord(r payments.Record) {
	d.records[r.Payment.ID] = r
	if r.UnderWay() {
		d.due[r.Payment.ID] = r.Lease
	} else {
		delete(d.due, r.Payment.ID)
	}
}

func (d *data) book(e shop.LedgerEntry) {
	e.Seq = int64(len(d.ledger)) + 1
	e.Legs = slices.Clone(e.Legs)
	d.ledger = append(d.ledger, e)
	for _, leg := range e.Legs {
		d.balances[leg.Account] += leg.Amount
	}
}

func (d *data) tell(e shop.PaymentEvent) {
	e.ID = strconv.FormatInt(d.dropped+int64(len(d.events))+1, 10)
	d.events = append(d.events, e)
	if over := len(d.events) - payments.MaxEvents; over > payments.MaxEvents {
		d.events = slices.Clone(d.events[over:])
		d.dropped += int64(over)
	}
}

func (d *data) dueAt(now time.Time, most int) []string {
	var ids []string
	for id, lease := range d.due {
		if !now.Before(lease) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(d.due[a].Compare(d.due[b]), cmp.Compare(a, b)) })
	return ids[:min(most, len(ids))]
}

func (d *data) accounts() []shop.Leg {
	legs := make([]shop.Leg, 0, len(d.balances))
	for _, name := range slices.Sorted(maps.Keys(d.balances)) {
		legs = append(legs, shop.Leg{Account: name, Amount: d.balances[name]})
	}
	return legs
}

// page copies at most so many of what comes after a number.
func page[T any](all []T, after int64, most int) []T {
	from := min(max(after, 0), int64(len(all)))
	to := min(from+int64(most), int64(len(all)))
	return slices.Clone(all[from:to])
}
