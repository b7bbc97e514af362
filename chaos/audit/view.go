package audit

import (
	"maps"
	"slices"

	"brownout/internal/shop"
)

// A view is books joined: what they say of each payment, each charge, each hold.
type view struct {
	Books
	banks    []string   // by name
	payments []*payment // in the order of the ledger
	payment  map[string]*payment
	charges  []*charge                   // in the order of the banks and their statements
	hold     map[string]shop.Hold        // by id; the last, should an id come twice
	orders   map[shop.Reference][]string // ids of payments and holds under a reference
}

// A payment is what the ledger says of one.
type payment struct {
	id                                    string
	reference                             shop.Reference
	amount                                shop.Amount // of its first entry
	authorised, captures, voided, refunds int         // entries
	captured, refunded                    shop.Amount
}

// kept returns the money that was captured and not given back.
func (p *payment) kept() shop.Amount { return p.captured - p.refunded }

// returned says whether all money that was captured was given back.
func (p *payment) returned() bool { return p.captures > 0 && p.kept() == 0 }

// pending says whether money was authorised and neither captured nor voided.
func (p *payment) pending() bool { return p.authorised > p.captures+p.voided }

// A charge is what a bank's statement says of one.
type charge struct {
	bank, id                              string
	reference                             shop.Reference
	amount                                shop.Amount // of its first line
	authorised, captures, voided, refunds int         // lines
}

// pending says whether the bank has not heard whether to capture.
func (c *charge) pending() bool { return c.authorised > 0 && c.captures+c.voided == 0 }

func join(b Books) *view {
	v := &view{
		Books:   b,
		payment: map[string]*payment{},
		hold:    make(map[string]shop.Hold, len(b.Holds)),
		orders:  map[shop.Reference][]string{},
	}
	v.banks = slices.Sorted(maps.Keys(b.Statements))
	for _, entry := range b.Ledger {
		v.paymentOf(entry).add(entry)
	}
	for _, bank := range v.banks {
		v.charges = append(v.charges, chargesOf(bank, b.Statements[bank])...)
	}
	for _, hold := range b.Holds {
		v.hold[hold.ID] = hold
		if p := v.payment[hold.ID]; p == nil || p.reference != hold.Reference {
			v.noteOrder(hold.Reference, hold.ID)
		}
	}
	return v
}

func (v *view) paymentOf(e shop.LedgerEntry) *payment {
	p := v.payment[e.Payment]
	if p == nil {
		p = &payment{id: e.Payment, reference: e.Reference, amount: e.Amount}
		v.payment[e.Payment] = p
		v.payments = append(v.payments, p)
		v.noteOrder(p.reference, p.id)
	}
	return p
}

// noteOrder joins a payment or a hold to its reference. A stone set for a hold that
// never was has none.
func (v *view) noteOrder(reference shop.Reference, id string) {
	if reference != "" {
		v.orders[reference] = append(v.orders[reference], id)
	}
}

func (p *payment) add(e shop.LedgerEntry) {
	switch e.Kind {
	case shop.EntryAuthorised:
		p.authorised++
	case shop.EntryCaptured:
		p.captures++
		p.captured += e.Amount
	case shop.EntryVoided:
		p.voided++
	case shop.EntryRefunded:
		p.refunds++
		p.refunded += e.Amount
	}
}

// chargesOf returns the charges of a statement, in the order of their first lines.
func chargesOf(bank string, statement []shop.StatementLine) []*charge {
	var charges []*charge
	known := map[string]*charge{}
	for _, line := range statement {
		c := known[line.Charge]
		if c == nil {
			c = &charge{bank: bank, id: line.Charge, reference: line.Reference, amount: line.Amount}
			known[line.Charge] = c
			charges = append(charges, c)
		}
		c.add(line.Status)
	}
	return charges
}

func (c *charge) add(status shop.ChargeStatus) {
	switch status {
	case shop.ChargeAuthorised:
		c.authorised++
	case shop.ChargeCaptured:
		c.captures++
	case shop.ChargeVoided:
		c.voided++
	case shop.ChargeRefunded:
		c.refunds++
	}
}
