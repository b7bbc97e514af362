package memstore

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"brownout/internal/shop"
	"brownout/services/gateway"
)

// orders are the orders and the keys that were used for them. Whoever has them has
// them alone.
type orders struct {
	seq    int64
	byID   map[string]*entry
	open   map[string]*entry // under way
	claims map[shop.Reference]*claim
	lists  map[gateway.Owner][]listed
	// ended and used are what expires.
	ended, used expiries
}

// An entry is an order with the claim of the request that is under way.
type entry struct {
	record  gateway.Record
	claim   shop.Reference
	attempt int
	expires time.Time // zero while it is under way
}

// A claim is a key in use; without a digest it is free.
type claim struct {
	digest  string
	answer  gateway.Answer // of status 0 while there is none
	attempt int
	expires time.Time // zero while it is in flight
}

type listed struct {
	seq int64
	id  string
}

func newOrders() *orders {
	return &orders{
		byID:   map[string]*entry{},
		open:   map[string]*entry{},
		claims: map[shop.Reference]*claim{},
		lists:  map[gateway.Owner][]listed{},
	}
}

func (o *orders) find(c gateway.Claim, now time.Time) gateway.Claimed {
	kept := o.claims[c.Key]
	switch {
	case c.Key == "" || kept == nil || isOver(kept.expires, now):
		return gateway.Claimed{Standing: gateway.Vacant}
	case kept.digest == "":
		return gateway.Claimed{Standing: gateway.Vacant, Attempt: kept.attempt}
	case kept.digest != c.Digest:
		return gateway.Claimed{Standing: gateway.Mismatch}
	case kept.answer.Status == 0:
		return gateway.Claimed{Standing: gateway.InFlight}
	}
	return gateway.Claimed{Standing: gateway.Answered, Answer: kept.answer}
}

func (o *orders) begin(d gateway.Draft, now time.Time) gateway.Claimed {
	o.forget(now)
	found := o.find(d.Claim, now)
	if found.Standing != gateway.Vacant {
		return found
	}
	if found.Attempt > d.Attempt {
		return gateway.Claimed{Standing: gateway.Retaken, Attempt: found.Attempt}
	}
	if _, err := o.get(d.Order.ID, now); err == nil {
		return gateway.Claimed{Standing: gateway.Retaken, Attempt: d.Attempt + 1}
	}
	o.add(d)
	return gateway.Claimed{Standing: gateway.Vacant, Attempt: d.Attempt}
}

func (o *orders) add(d gateway.Draft) {
	o.seq++
	e := &entry{
		record:  gateway.Record{Order: d.Order, Seq: o.seq, Step: gateway.StepHold, Fence: 1, Lease: d.Lease},
		claim:   d.Claim.Key,
		attempt: d.Attempt,
	}
	o.byID[d.Order.ID], o.open[d.Order.ID] = e, e
	o.use(d.Claim, d.Attempt)
	customer, tenant := ownersOf(d.Order)[0], ownersOf(d.Order)[1]
	o.enlist(customer, e, gateway.MaxListedCustomer)
	o.enlist(tenant, e, gateway.MaxListedTenant)
}

// use puts a key to use.
func (o *orders) use(c gateway.Claim, attempt int) {
	if c.Key != "" {
		o.claims[c.Key] = &claim{digest: c.Digest, attempt: attempt}
	}
}

func (o *orders) enlist(owner gateway.Owner, e *entry, most int) {
	list := append(o.lists[owner], listed{e.record.Seq, e.record.Order.ID})
	if len(list) > most {
		list = list[len(list)-most:]
	}
	o.lists[owner] = list
}

func (o *orders) beginRefund(id string, c gateway.Claim, lease, now time.Time) (gateway.Claimed, gateway.Record, error) {
	o.forget(now)
	found := o.find(c, now)
	if found.Standing != gateway.Vacant {
		return found, gateway.Record{}, nil
	}
	e, err := o.get(id, now)
	if err != nil {
		return found, gateway.Record{}, err
	}
	if e.record.Order.Status != shop.OrderConfirmed {
		return found, gateway.Record{}, gateway.ErrOrderState
	}
	o.use(c, found.Attempt)
	r := &e.record
	r.Order.Status, r.Step, r.Lease, r.Verdict = shop.OrderRefunding, gateway.StepRefund, lease, gateway.Verdict{}
	r.Fence++
	e.claim, e.attempt, e.expires = c.Key, found.Attempt, time.Time{}
	o.open[id] = e
	return found, *r, nil
}

func (o *orders) advance(id string, fence int64, p gateway.Progress) error {
	e := o.byID[id]
	switch {
	case e == nil:
		return gateway.ErrNoOrder
	case e.record.Fence != fence || e.record.Step == gateway.StepNone:
		return gateway.ErrFenced
	}
	r := &e.record
	r.Order.Status, r.Step, r.Lease, r.Verdict = p.Status, p.Step, p.Lease, p.Verdict
	return nil
}

// finish says whether the order has ended with this call.
func (o *orders) finish(id string, fence int64, ending gateway.Ending, now time.Time) (bool, error) {
	e := o.byID[id]
	switch {
	case e == nil:
		return false, gateway.ErrNoOrder
	case e.record.Fence != fence:
		return false, gateway.ErrFenced
	case e.record.Step == gateway.StepNone:
		return false, nil
	}
	r := &e.record
	r.Order.Status, r.Step, r.Lease, r.Verdict = ending.Status, gateway.StepNone, time.Time{}, gateway.Verdict{}
	e.expires = now.Add(gateway.Retention)
	o.ended.add(id, e.expires)
	delete(o.open, id)
	o.settle(e, ending.Verdict, now)
	return true, nil
}

// settle gives the key its answer, or its freedom.
func (o *orders) settle(e *entry, v gateway.Verdict, now time.Time) {
	if e.claim == "" {
		return
	}
	kept := &claim{digest: o.claims[e.claim].digest, answer: v.Answer, attempt: e.attempt, expires: now.Add(gateway.KeyTTL)}
	if v.Release {
		kept.digest, kept.answer, kept.attempt = "", gateway.Answer{}, e.attempt+1
	}
	o.claims[e.claim] = kept
	o.used.add(string(e.claim), kept.expires)
}

// first returns up to limit orders under way, by the end of their leases, and of those
// only what is wanted.
func (o *orders) first(limit int, wanted func(gateway.Record) bool) []*entry {
	var found []*entry
	for _, e := range o.open {
		if wanted(e.record) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *entry) int {
		return cmp.Or(a.record.Lease.Compare(b.record.Lease), cmp.Compare(a.record.Seq, b.record.Seq))
	})
	return found[:min(limit, len(found))]
}

func (o *orders) backlog(limit int) map[gateway.Step]gateway.Backlog {
	standing := map[gateway.Step]gateway.Backlog{}
	for _, e := range o.first(limit, func(gateway.Record) bool { return true }) {
		b, known := standing[e.record.Step]
		if !known {
			b.Lease = e.record.Lease
		}
		b.Orders++
		standing[e.record.Step] = b
	}
	return standing
}

func (o *orders) take(now, lease time.Time, limit int) []gateway.Record {
	left := o.first(limit, func(r gateway.Record) bool { return r.Lease.Before(now) })
	taken := make([]gateway.Record, 0, len(left))
	for _, e := range left {
		e.record.Fence++
		e.record.Lease = lease
		taken = append(taken, e.record)
	}
	return taken
}

func (o *orders) get(id string, now time.Time) (*entry, error) {
	e := o.byID[id]
	if e == nil || isOver(e.expires, now) {
		return nil, gateway.ErrNoOrder
	}
	return e, nil
}

func (o *orders) list(owner gateway.Owner, before int64, limit int, now time.Time) (page []gateway.Record, next int64) {
	list := o.lists[owner]
	if before > 0 {
		list = list[:sort.Search(len(list), func(i int) bool { return list[i].seq >= before })]
	}
	from := max(0, len(list)-limit)
	for i := len(list) - 1; i >= from; i-- {
		if e, err := o.get(list[i].id, now); err == nil {
			page = append(page, e.record)
		}
	}
	if from > 0 {
		next = list[from].seq
	}
	return page, next
}

// forget drops what has expired.
func (o *orders) forget(now time.Time) {
	o.ended.due(now, func(id string) {
		if e := o.byID[id]; e != nil && isOver(e.expires, now) {
			delete(o.byID, id)
		}
	})
	o.used.due(now, func(key string) {
		if c := o.claims[shop.Reference(key)]; c != nil && isOver(c.expires, now) {
			delete(o.claims, shop.Reference(key))
		}
	})
}
