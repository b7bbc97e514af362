package audit

import (
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// promise checks that what clients were told is what happened.
func (v *view) promise() *Invariant {
	i := newInvariant(Promise, "what was acknowledged is in the ledger, what was refused is not, what is unknown became one of both")
	if !v.JournalGiven {
		i.NotChecked = "no journal"
		return i
	}
	checkouts, refunds := v.told()
	v.checkCheckouts(i, checkouts)
	v.checkRefunds(i, checkouts, refunds)
	return i
}

// told is the word that stands after all answers under one name.
type told struct {
	name    string // the reference of a checkout, the order of a refund
	outcome evidence.Outcome
	answers []evidence.Sample // the acknowledgements
}

// tales are words by name, in the order of the journal.
type tales struct {
	list   []*told
	byName map[string]*told
}

func (all *tales) add(name string, s evidence.Sample) {
	t := all.byName[name]
	if t == nil {
		t = &told{name: name, outcome: evidence.Refused}
		all.byName[name] = t
		all.list = append(all.list, t)
	}
	switch outcome := conclusion(s); {
	case outcome == evidence.Acknowledged:
		t.outcome = outcome
		t.answers = append(t.answers, s)
	case outcome == evidence.Unknown && t.outcome == evidence.Refused:
		t.outcome = outcome
	}
}

// conclusion returns what a sample says of its checkout or refund, not of itself
// alone: a refusal because of another request says nothing about that one. What was
// never sent counts as refused.
func conclusion(s evidence.Sample) evidence.Outcome {
	switch shop.Code(s.Error) {
	case shop.CodeKeyInFlight, shop.CodeKeyMismatch:
		return evidence.Unknown
	case shop.CodeState:
		if s.Route == routeRefund { // another refund may have been first
			return evidence.Unknown
		}
	}
	if s.Outcome == evidence.Unsent {
		return evidence.Refused
	}
	return s.Outcome
}

// told sums up the journal: checkouts by reference, refunds by order.
func (v *view) told() (checkouts, refunds *tales) {
	checkouts, refunds = &tales{byName: map[string]*told{}}, &tales{byName: map[string]*told{}}
	for _, s := range v.Journal {
		switch s.Route {
		case routeCheckout:
			checkouts.add(string(s.Reference), s)
		case routeRefund:
			refunds.add(s.Order, s)
		}
	}
	return checkouts, refunds
}

func (v *view) checkCheckouts(i *Invariant, checkouts *tales) {
	counts, fates := map[evidence.Outcome]int{}, map[fate]int{}
	for _, t := range checkouts.list {
		counts[t.outcome]++
		switch t.outcome {
		case evidence.Acknowledged:
			v.checkAcknowledged(i, t)
		case evidence.Refused:
			v.checkRefused(i, t)
		case evidence.Unknown:
			fates[v.checkUnknown(i, t)]++
		}
	}
	i.count("checkouts acknowledged", counts[evidence.Acknowledged])
	i.count("checkouts refused", counts[evidence.Refused])
	i.count("checkouts unknown", counts[evidence.Unknown])
	i.count("unknown and done", fates[done])
	i.count("unknown and undone", fates[undone])
	i.count("unknown and in between", fates[between])
}

// checkAcknowledged wants the order of every acknowledgement to be captured, with the
// total that the client was told.
func (v *view) checkAcknowledged(i *Invariant, t *told) {
	for _, s := range t.answers {
		p := v.payment[s.Order]
		switch {
		case p == nil || p.captures == 0:
			i.violate("%s: order %q was acknowledged and never captured", t.name, s.Order)
		case p.reference != s.Reference:
			i.violate("%s: order %s was acknowledged and belongs to %s", t.name, s.Order, p.reference)
		case p.amount != s.Total:
			i.violate("%s: order %s was acknowledged with %v and captured with %v", t.name, s.Order, s.Total, p.amount)
		}
	}
}

// checkRefused wants nothing to be left of what was refused. That it was done and
// undone is fine.
func (v *view) checkRefused(i *Invariant, t *told) {
	for _, id := range v.orders[shop.Reference(t.name)] {
		if p := v.payment[id]; p != nil && p.kept() > 0 {
			i.violate("%s: was refused, and %v were captured as %s", t.name, p.kept(), id)
		}
		if v.hold[id].Status == shop.Sold {
			i.violate("%s: was refused, and %s was sold", t.name, id)
		}
	}
}

// A fate is what became of a checkout.
type fate int

const (
	undone  fate = iota // nothing is left of it
	done                // captured and sold, or refunded later
	between             // neither yet
)

func (v *view) checkUnknown(i *Invariant, t *told) fate {
	f := v.fateOf(shop.Reference(t.name))
	if f == between && v.Settled {
		i.violate("%s: its client never heard, and it is neither done nor undone", t.name)
	}
	return f
}

// fateOf returns what became of all attempts under a reference.
func (v *view) fateOf(reference shop.Reference) fate {
	f := undone
	for _, id := range v.orders[reference] {
		p, hold := v.payment[id], v.hold[id]
		kept := p != nil && p.kept() > 0
		if kept != (hold.Status == shop.Sold) || hold.Status == shop.Held || p != nil && p.pending() {
			return between
		}
		if kept || hold.Status == shop.Returned {
			f = done
		}
	}
	return f
}

// checkRefunds wants orders to be refunded whose refund was acknowledged, and no
// order that was acknowledged to be refunded unless a client asked for it.
func (v *view) checkRefunds(i *Invariant, checkouts, refunds *tales) {
	acknowledged := 0
	for _, t := range refunds.list {
		if t.outcome == evidence.Acknowledged {
			acknowledged++
			v.checkRefunded(i, t)
		}
	}
	for _, t := range checkouts.list {
		for _, s := range t.answers {
			v.checkUnasked(i, s, refunds.byName[s.Order])
		}
	}
	i.count("refunds acknowledged", acknowledged)
}

func (v *view) checkRefunded(i *Invariant, t *told) {
	if p := v.payment[t.name]; p == nil || !p.returned() {
		i.violate("order %s: its refund was acknowledged, and is not in the ledger", t.name)
	}
}

// checkUnasked is about an order that was acknowledged, and about its refund as its
// client knows it, which may be nil.
func (v *view) checkUnasked(i *Invariant, s evidence.Sample, refund *told) {
	p := v.payment[s.Order]
	if p == nil || p.refunds == 0 {
		return
	}
	switch {
	case refund == nil:
		i.violate("%s: order %s was acknowledged and then refunded, which nobody asked for", s.Reference, s.Order)
	case refund.outcome == evidence.Refused:
		i.violate("order %s: its refund was refused, and is in the ledger", s.Order)
	}
}
