package audit

import "brownout/internal/shop"

// capturedWhenSold checks that money and stock change hands together, order by order:
// the id of an order is that of its payment and of its hold.
func (v *view) capturedWhenSold() *Invariant {
	i := newInvariant(CapturedWhenSold, "captured exactly when sold, refunded exactly when returned, and nothing is left in between")
	i.count("in between", v.checkExchange(i))
	return i
}

// checkExchange returns how much is in between.
func (v *view) checkExchange(i *Invariant) int {
	return v.checkPayments(i) + v.checkHolds(i) + v.checkCardHolds(i) + v.checkOrders(i)
}

// settled says whether nothing in the books is in between.
func (b Books) settled() bool {
	return join(b).checkExchange(newInvariant(CapturedWhenSold, "")) == 0
}

// between notes that something is under way, which is a violation once all had the
// time to settle. It returns 1.
func (v *view) between(i *Invariant, format string, values ...any) int {
	if v.Settled {
		i.violate("not settled: "+format, values...)
	}
	return 1
}

// checkPayments holds each payment against its hold and returns how many are in
// between.
func (v *view) checkPayments(i *Invariant) int {
	between, kept, returned := 0, 0, 0
	for _, p := range v.payments {
		hold, found := v.hold[p.id]
		if found && hold.Reference != p.reference && hold.Reference != "" {
			i.violate("%s: the payment is of %s, the hold of %s", p.id, p.reference, hold.Reference)
		}
		switch {
		case p.kept() > 0:
			kept++
			between += v.checkKept(i, p, hold)
		case p.kept() < 0:
			i.violate("%s: captured %v and refunded %v", p.id, p.captured, p.refunded)
		case p.returned():
			returned++
			between += v.checkReturned(i, p, hold)
		default:
			between += v.checkUncaptured(i, p, hold)
		}
	}
	i.count("captured", kept)
	i.count("refunded", returned)
	return between
}

// checkKept is about a payment that was captured and not refunded.
func (v *view) checkKept(i *Invariant, p *payment, hold shop.Hold) int {
	switch hold.Status {
	case shop.Sold:
		return 0
	case shop.Held, shop.Expired:
		return v.between(i, "%s is captured, and its stock is %s", p.id, hold.Status)
	}
	i.violate("%s is captured, and its stock is %s", p.id, describe(hold))
	return 0
}

// checkReturned is about a payment that was refunded. Stock that was never sold,
// because the hold had run out, does not come back either.
func (v *view) checkReturned(i *Invariant, p *payment, hold shop.Hold) int {
	switch hold.Status {
	case shop.Returned, shop.Released, shop.Expired:
		return 0
	case shop.Held, shop.Sold:
		return v.between(i, "%s is refunded, and its stock is %s", p.id, hold.Status)
	}
	i.violate("%s is refunded, and its stock is %s", p.id, describe(hold))
	return 0
}

// checkUncaptured is about a payment that was not captured.
func (v *view) checkUncaptured(i *Invariant, p *payment, hold shop.Hold) int {
	if hold.Status == shop.Sold || hold.Status == shop.Returned {
		i.violate("%s is %s, and was not captured", p.id, hold.Status)
	}
	if p.pending() {
		return v.between(i, "%s is authorised, neither captured nor voided", p.id)
	}
	return 0
}

func describe(hold shop.Hold) string {
	if hold.ID == "" {
		return "on no hold"
	}
	return string(hold.Status)
}

// checkHolds is about what the ledger may not know: holds that are sold, returned or
// still held.
func (v *view) checkHolds(i *Invariant) int {
	between, counts := 0, map[shop.HoldStatus]int{}
	for _, hold := range v.Holds {
		counts[hold.Status]++
		p := v.payment[hold.ID]
		switch {
		case p == nil && (hold.Status == shop.Sold || hold.Status == shop.Returned):
			i.violate("%s is %s, and the ledger does not know it", hold.ID, hold.Status)
		case hold.Status == shop.Held && (p == nil || p.captures == 0):
			between += v.between(i, "%s is held", hold.ID)
		}
	}
	i.count("sold", counts[shop.Sold])
	i.count("returned", counts[shop.Returned])
	return between
}

// checkCardHolds is about money that a bank set aside, and nobody captures or voids.
func (v *view) checkCardHolds(i *Invariant) int {
	between := 0
	for _, c := range v.charges {
		if c.pending() {
			between += v.between(i, "%s waits to capture %v of %s, charge %s", c.bank, c.amount, c.reference, c.id)
		}
	}
	return between
}
