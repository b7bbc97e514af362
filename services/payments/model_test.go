package payments_test

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// A model is a store without waits, written as simply as can be.
type model struct {
	records map[string]payments.Record
	claims  map[payments.Key]payments.Claim
	ledger  []shop.LedgerEntry
	events  []shop.PaymentEvent
}

func newModel() *model {
	return &model{records: map[string]payments.Record{}, claims: map[payments.Key]payments.Claim{}}
}

var (
	modelIDs  = []string{"p1", "p2"}
	modelKeys = []payments.Key{"ann/1", "ann/2", "bob/1"}
)

// draw makes a change that mostly fits, and sometimes does not.
func (m *model) draw(r *rapid.T) payments.Change {
	id := rapid.SampledFrom(modelIDs).Draw(r, "payment")
	c := payments.Change{Payment: id, Base: m.records[id].Version}
	if rapid.IntRange(0, 4).Draw(r, "stale") == 0 {
		c.Base = rapid.Int64Range(0, 4).Draw(r, "base")
	}
	if rapid.Bool().Draw(r, "moves") {
		status := rapid.SampledFrom([]shop.PaymentStatus{"", shop.Authorising, shop.Captured, shop.Voiding}).Draw(r, "status")
		c.Record = record(id, c.Base+1, status)
		c.Record.Lease = epoch.Add(time.Duration(rapid.IntRange(-3, 3).Draw(r, "lease")) * time.Second)
	}
	if rapid.Bool().Draw(r, "books") {
		c.Entry = bookEntry(id, shop.Amount(rapid.IntRange(1, 1e9).Draw(r, "amount")))
		c.Event = &shop.PaymentEvent{Time: epoch, Payment: id, Status: shop.Captured}
	}
	for _, key := range modelKeys {
		if rapid.IntRange(0, 2).Draw(r, "key") == 0 {
			c.Keys = append(c.Keys, drawKey(r, key))
		}
	}
	return c
}

func drawKey(r *rapid.T, key payments.Key) payments.KeyChange {
	k := payments.KeyChange{Key: key, Fresh: rapid.Bool().Draw(r, "fresh"), Lasts: time.Hour}
	if rapid.Bool().Draw(r, "claims") {
		k.Claim.Digest = rapid.StringN(1, 4, 8).Draw(r, "digest")
		k.Claim.Answer.Body = rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(r, "body")
		k.Claim.Answer.Status = 200
	}
	return k
}

func (m *model) commit(c payments.Change) error {
	if m.records[c.Payment].Version != c.Base {
		return payments.ErrMoved
	}
	for _, k := range c.Keys {
		if k.Fresh && m.claims[k.Key].Digest != "" {
			return payments.ErrMoved
		}
	}
	for _, k := range c.Keys {
		m.claims[k.Key] = k.Claim
	}
	if c.Record != nil {
		m.records[c.Payment] = *c.Record
	}
	if c.Entry != nil {
		e := *c.Entry
		e.Seq = int64(len(m.ledger)) + 1
		m.ledger = append(m.ledger, e)
	}
	if c.Event != nil {
		e := *c.Event
		e.ID = strconv.Itoa(len(m.events) + 1)
		m.events = append(m.events, e)
	}
	return nil
}

// balances are the sums of the legs.
func (m *model) balances() []shop.Leg {
	sums := map[string]shop.Amount{}
	for _, e := range m.ledger {
		for _, leg := range e.Legs {
			sums[leg.Account] += leg.Amount
		}
	}
	var legs []shop.Leg
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		legs = append(legs, shop.Leg{Account: name, Amount: sums[name]})
	}
	return legs
}

func (m *model) due(now time.Time) (ids []string) {
	for id, r := range m.records {
		if r.UnderWay() && !now.Before(r.Lease) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(m.records[a].Lease.Compare(m.records[b].Lease), cmp.Compare(a, b))
	})
	return ids
}

// compare looks at all that a store shows.
func (m *model) compare(r *rapid.T, task *loop.Task, s payments.Store) {
	for _, id := range modelIDs {
		for _, key := range modelKeys {
			got, err := s.Load(task, id, key)
			same(r, "snapshot", err, got, payments.Snapshot{Record: m.records[id], Claim: m.claims[key]})
		}
	}
	ledger, err := s.Ledger(task, 0, 1000)
	same(r, "ledger", err, ledger, m.ledger)
	events, err := s.Events(task, 0, 1000)
	same(r, "events", err, events, m.events)
	balances, err := s.Balances(task)
	same(r, "balances", err, balances, m.balances())
	due, err := s.Due(task, epoch, 10)
	same(r, "due", err, due, m.due(epoch))
}

func same(r *rapid.T, what string, err error, got, want any) {
	r.Helper()
	if err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	if !alike(got, want) {
		r.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// alike takes an empty slice and none for the same.
func alike(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}
