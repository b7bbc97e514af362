package audit_test

import (
	"fmt"
	"slices"
	"time"

	"brownout/chaos/audit"
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// A clerk keeps all books of a small shop, and honestly, as an event after the other
// happens. Each step is one change of one party.
type clerk struct {
	books audit.Books
	now   time.Time
	seq   int64
	place map[string]int // of each hold in the books, by its id
}

// A purchase is one attempt at a checkout.
type purchase struct {
	shop.Hold
	bank  string
	total shop.Amount
}

func newClerk() *clerk {
	c := &clerk{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), place: map[string]int{}}
	c.books = audit.Books{JournalGiven: true, Settled: true, Statements: map[string][]shop.StatementLine{"bank-a": nil, "bank-b": nil}}
	for _, product := range []string{"p-1", "p-2", "p-3"} {
		c.books.Stock = append(c.books.Stock, shop.Stock{Product: product, Initial: 100_000, Restocked: 5, Available: 100_005})
	}
	return c
}

// attempt holds stock for an attempt of a checkout.
func (c *clerk) attempt(reference shop.Reference, bank, salt string) *purchase {
	p := &purchase{bank: bank, total: shop.Amount(100 + 7*len(c.books.Holds))}
	p.Hold = shop.Hold{ID: reference.OrderID(salt), Reference: reference}
	p.Lines = []shop.Line{{Product: "p-1", Quantity: 2}, {Product: "p-3", Quantity: 1}}
	c.place[p.ID] = len(c.books.Holds)
	c.books.Holds = append(c.books.Holds, p.Hold)
	c.move(p, shop.Held)
	return p
}

// move moves the stock of a purchase to where the status says.
func (c *clerk) move(p *purchase, status shop.HoldStatus) {
	for _, line := range p.Lines {
		n := slices.IndexFunc(c.books.Stock, func(s shop.Stock) bool { return s.Product == line.Product })
		stock := &c.books.Stock[n]
		*pile(stock, p.Status) -= line.Quantity
		*pile(stock, status) += line.Quantity
	}
	p.Status = status
	c.books.Holds[c.place[p.ID]].Status = status
}

func pile(s *shop.Stock, status shop.HoldStatus) *shop.Quantity {
	switch status {
	case shop.Held:
		return &s.Held
	case shop.Sold:
		return &s.Sold
	}
	return &s.Available
}

// bankLine is what the bank writes down.
func (c *clerk) bankLine(p *purchase, status shop.ChargeStatus) {
	c.now = c.now.Add(time.Millisecond)
	statement := c.books.Statements[p.bank]
	c.books.Statements[p.bank] = append(statement, shop.StatementLine{
		Seq: int64(len(statement)) + 1, Time: c.now, Status: status,
		Charge: "ch-" + p.ID, Reference: p.Reference, Amount: p.total,
	})
}

// entry is what payments writes down.
func (c *clerk) entry(p *purchase, kind shop.EntryKind, legs ...shop.Leg) {
	for _, leg := range legs {
		c.balance(leg.Account).Amount += leg.Amount
	}
	c.books.Ledger = append(c.books.Ledger, shop.LedgerEntry{
		Seq: int64(len(c.books.Ledger)) + 1, Time: c.now, Kind: kind,
		Payment: p.ID, Reference: p.Reference, Bank: p.bank, Amount: p.total, Legs: legs,
	})
}

func (c *clerk) balance(account string) *shop.Leg {
	n := slices.IndexFunc(c.books.Balances, func(l shop.Leg) bool { return l.Account == account })
	if n < 0 {
		n = len(c.books.Balances)
		c.books.Balances = append(c.books.Balances, shop.Leg{Account: account})
	}
	return &c.books.Balances[n]
}

func setAside(p *purchase, a shop.Amount) []shop.Leg {
	return []shop.Leg{{Account: "authorised:" + p.bank, Amount: a}, {Account: "customers", Amount: -a}}
}

func earned(p *purchase, a shop.Amount) []shop.Leg {
	return []shop.Leg{{Account: "bank:" + p.bank, Amount: a}, {Account: "revenue", Amount: -a}}
}

func (c *clerk) authorise(p *purchase) {
	c.bankLine(p, shop.ChargeAuthorised)
	c.entry(p, shop.EntryAuthorised, setAside(p, p.total)...)
}

func (c *clerk) void(p *purchase) {
	c.bankLine(p, shop.ChargeVoided)
	c.entry(p, shop.EntryVoided, setAside(p, -p.total)...)
}

func (c *clerk) capture(p *purchase) {
	c.bankLine(p, shop.ChargeCaptured)
	c.entry(p, shop.EntryCaptured, append(setAside(p, -p.total), earned(p, p.total)...)...)
}

func (c *clerk) refund(p *purchase) {
	c.bankLine(p, shop.ChargeRefunded)
	c.entry(p, shop.EntryRefunded, earned(p, -p.total)...)
}

// tell writes an answer into the client's journal.
func (c *clerk) tell(route string, p *purchase, outcome evidence.Outcome, code shop.Code) *evidence.Sample {
	s := evidence.Sample{Seq: c.seq, Route: route, Outcome: outcome, Reference: p.Reference, Error: string(code)}
	if route == "refund" {
		s.Reference += "-refund"
		s.Order = p.ID
	}
	if outcome == evidence.Acknowledged {
		s.Order, s.Total = p.ID, p.total
	}
	s.Digest = fmt.Sprintf("digest of %s %s %s %s", route, p.ID, outcome, code)
	c.seq++
	c.books.Journal = append(c.books.Journal, s)
	return &c.books.Journal[len(c.books.Journal)-1]
}

// sell sees an attempt through to the end.
func (c *clerk) sell(p *purchase) {
	c.authorise(p)
	c.capture(p)
	c.move(p, shop.Sold)
}

// undo is an attempt that got as far as the bank and was undone.
func (c *clerk) undo(p *purchase) {
	c.authorise(p)
	c.void(p)
	c.move(p, shop.Released)
}

// histories are all that may become of a checkout in a shop that does everything
// right. Each gets a reference of its own and the names of two banks.
var histories = []struct {
	name    string
	happens func(c *clerk, reference shop.Reference, first, second string)
}{
	{"confirmed", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
	}},
	{"replayed", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.tell("checkout", p, evidence.Unknown, "")
		c.tell("checkout", p, evidence.Refused, shop.CodeKeyInFlight)
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "").Replayed = true
		c.tell("checkout", p, evidence.Acknowledged, "").Replayed = true
		c.tell("checkout", p, evidence.Acknowledged, "").Digest = "" // of which nobody knows the bytes
		c.tell("checkout", p, evidence.Refused, shop.CodeKeyMismatch)
	}},
	{"unknown and done", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.sell(p)
		c.tell("checkout", p, evidence.Unknown, shop.CodeUnknown)
	}},
	{"unknown and undone", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.undo(p)
		c.tell("checkout", p, evidence.Unknown, "")
	}},
	{"unknown and never seen", func(c *clerk, r shop.Reference, a, _ string) {
		c.tell("checkout", &purchase{Hold: shop.Hold{Reference: r}}, evidence.Unknown, "")
	}},
	{"never sent", func(c *clerk, r shop.Reference, a, _ string) {
		c.tell("checkout", &purchase{Hold: shop.Hold{Reference: r}}, evidence.Unsent, "")
	}},
	{"declined", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.move(p, shop.Released)
		c.tell("checkout", p, evidence.Refused, shop.CodeDeclined)
	}},
	{"undone", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.undo(p)
		c.tell("checkout", p, evidence.Refused, shop.CodeUnavailable)
	}},
	{"undone and tried again at the other bank", func(c *clerk, r shop.Reference, a, b string) {
		p := c.attempt(r, a, "")
		c.undo(p)
		c.tell("checkout", p, evidence.Refused, shop.CodeUnavailable)
		p = c.attempt(r, b, "1")
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
	}},
	{"captured, but the stock was gone", func(c *clerk, r shop.Reference, a, b string) {
		p := c.attempt(r, a, "")
		c.authorise(p)
		c.capture(p)
		c.move(p, shop.Expired)
		c.refund(p)
		c.tell("checkout", p, evidence.Refused, shop.CodeHoldExpired)
		p = c.attempt(r, b, "1") // and another try
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
	}},
	{"refunded", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
		c.refund(p)
		c.move(p, shop.Returned)
		c.tell("refund", p, evidence.Acknowledged, "")
		c.tell("refund", p, evidence.Refused, shop.CodeState)
	}},
	{"refund unknown and done", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
		c.tell("refund", p, evidence.Unknown, "")
		c.refund(p)
		c.move(p, shop.Returned)
	}},
	{"refund refused", func(c *clerk, r shop.Reference, a, _ string) {
		p := c.attempt(r, a, "")
		c.sell(p)
		c.tell("checkout", p, evidence.Acknowledged, "")
		c.tell("refund", p, evidence.Refused, shop.CodeOverloaded)
	}},
}

// everything returns the books of a shop to which every history happened once.
func everything() *clerk {
	c := newClerk()
	c.everything("c-1")
	return c
}

// everything lets every history happen once, to one customer.
func (c *clerk) everything(customer string) {
	for n, history := range histories {
		history.happens(c, shop.NewReference(customer, fmt.Sprintf("k-%d", n)), "bank-a", "bank-b")
	}
}
