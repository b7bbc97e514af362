package acquirer

import (
	"fmt"

	"brownout/internal/shop"
)

// A book is what a bank knows: what its records add up to. All of it is durable.
type book struct {
	charges     map[string]*charge
	byReference map[shop.Reference][]*charge // the oldest first
	movements   []shop.StatementLine         // by sequence number, from 1
	answers     map[string]*Answer           // by key
	records     int
}

// A charge is one in the book. Orders that change it go one after the other.
type charge struct {
	shop.Charge
	turn turnstile
}

func newBook(records []Record) *book {
	b := &book{charges: map[string]*charge{}, byReference: map[shop.Reference][]*charge{}, answers: map[string]*Answer{}}
	for _, r := range records {
		b.enter(r)
	}
	return b
}

// enter adds a record. One that does not fit is an error of the program, and panics:
// statements check what they read.
func (b *book) enter(r Record) {
	if err := r.Check(b.last()); err != nil {
		panic(fmt.Sprintf("acquirer: record %d: %v", b.records+1, err))
	}
	b.records++
	if r.Answer != nil {
		b.answers[r.Answer.Key] = r.Answer
	}
	if r.Line != nil {
		b.movements = append(b.movements, *r.Line)
		b.move(r.Line)
	}
}

// last returns the sequence number of the last movement.
func (b *book) last() int64 { return int64(len(b.movements)) }

// move brings the charge of a movement to where that says it is.
func (b *book) move(m *shop.StatementLine) {
	if m.Status == shop.ChargeAuthorised {
		b.open(m)
		return
	}
	c := b.charges[m.Charge]
	if c == nil {
		panic(fmt.Sprintf("acquirer: movement %d is of charge %s, which was never authorised", m.Seq, m.Charge))
	}
	c.Status = m.Status
}

// open adds a charge that was authorised.
func (b *book) open(m *shop.StatementLine) {
	if b.charges[m.Charge] != nil {
		panic(fmt.Sprintf("acquirer: movement %d authorises charge %s again", m.Seq, m.Charge))
	}
	c := &charge{
		Charge: shop.Charge{ID: m.Charge, Reference: m.Reference, Status: m.Status, Amount: m.Amount, Currency: shop.Currency},
		turn:   turnstile{places: 1, most: MaxUnsettled},
	}
	b.charges[c.ID] = c
	b.byReference[c.Reference] = append(b.byReference[c.Reference], c)
}

// under lists the charges under a reference, the oldest first; never nil.
func (b *book) under(reference shop.Reference) []shop.Charge {
	found := b.byReference[reference]
	list := make([]shop.Charge, len(found))
	for i, c := range found {
		list[i] = c.Charge
	}
	return list
}

// after returns at most limit movements behind the one numbered seq, and whether there
// are more.
func (b *book) after(seq int64, limit int) (page []shop.StatementLine, more bool) {
	rest := b.movements[min(seq, b.last()):]
	n := min(limit, len(rest))
	return rest[:n:n], n < len(rest)
}
