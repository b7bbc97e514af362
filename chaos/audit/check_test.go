package audit_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/chaos/audit"
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

func TestBooksOfAnHonestShopAreClean(t *testing.T) {
	for _, history := range histories {
		c := newClerk()
		history.happens(c, "c-1/k-1", "bank-a", "bank-b")
		expectBroken(t, history.name, c.books)
	}
	expectBroken(t, "everything", everything().books)
	expectBroken(t, "nothing", audit.Books{})
}

func expectBroken(t *testing.T, name string, b audit.Books, want ...audit.Name) {
	t.Helper()
	report := audit.Check(b)
	if got := report.Broken(); !slices.Equal(got, want) {
		t.Errorf("%s: broken %q, want %q; %s", name, got, want, violations(report))
	}
	if report.Clean() != (len(want) == 0) {
		t.Errorf("%s: clean %t", name, report.Clean())
	}
}

func violations(r audit.Report) string {
	var all []string
	for _, i := range r.Invariants {
		all = append(all, i.Violations...)
	}
	return strings.Join(all, "; ")
}

const (
	money   = audit.Money
	once    = audit.OneCharge
	stock   = audit.StockAdds
	promise = audit.Promise
	traded  = audit.CapturedWhenSold
)

// Everything that a shop may do wrong while it keeps its books.
func TestWhatAShopMayDoWrong(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(c *clerk, p *purchase) // p is on hold and authorised
		want []audit.Name
	}{
		{"captures twice", func(c *clerk, p *purchase) { c.capture(p); c.capture(p); c.move(p, shop.Sold) }, []audit.Name{once}},
		{"the bank captures twice", func(c *clerk, p *purchase) { c.capture(p); c.bankLine(p, shop.ChargeCaptured); c.move(p, shop.Sold) }, []audit.Name{money, once}},
		{"sells twice", sellsTwice("bank-a"), []audit.Name{once}},
		{"sells twice, at two banks", sellsTwice("bank-b"), []audit.Name{once}},
		{"sells twice, gives back one", func(c *clerk, p *purchase) {
			sellsTwice("bank-b")(c, p)
			c.refund(p)
			c.move(p, shop.Returned)
		}, []audit.Name{once}},
		{"refunds twice", func(c *clerk, p *purchase) { c.capture(p); c.refund(p); c.refund(p); c.move(p, shop.Expired) }, []audit.Name{once, traded}},
		{"captures and sells not", func(c *clerk, p *purchase) { c.capture(p); c.move(p, shop.Released) }, []audit.Name{traded}},
		{"captures, and the hold expires", func(c *clerk, p *purchase) { c.capture(p); c.move(p, shop.Expired) }, []audit.Name{traded}},
		{"sells and captures not", func(c *clerk, p *purchase) { c.void(p); c.move(p, shop.Sold) }, []audit.Name{traded}},
		{"takes back and refunds not", func(c *clerk, p *purchase) { c.capture(p); c.move(p, shop.Returned) }, []audit.Name{traded}},
		{"refunds and takes not back", func(c *clerk, p *purchase) { c.capture(p); c.move(p, shop.Sold); c.refund(p) }, []audit.Name{traded}},
		{"refunds and leaves on hold", func(c *clerk, p *purchase) { c.capture(p); c.refund(p) }, []audit.Name{traded}},
		{"refunds what was never on hold", func(c *clerk, p *purchase) { c.capture(p); c.refund(p); c.move(p, shop.Expired); c.books.Holds = nil }, []audit.Name{traded}},
		{"captures what was never on hold", func(c *clerk, p *purchase) { c.capture(p); c.move(p, shop.Expired); c.books.Holds = nil }, []audit.Name{traded}},
		{"forgets to void", func(c *clerk, p *purchase) { c.move(p, shop.Released) }, []audit.Name{traded}},
		{"forgets to void at the bank", func(c *clerk, p *purchase) {
			c.move(p, shop.Released)
			c.entry(p, shop.EntryVoided, setAside(p, -p.total)...)
		}, []audit.Name{traded}},
		{"forgets to release", func(c *clerk, p *purchase) { c.void(p) }, []audit.Name{traded}},
		{"leaves a hold alone", func(c *clerk, p *purchase) { c.void(p); c.move(p, shop.Released); c.attempt("c-1/k-9", "bank-a", "") }, []audit.Name{traded}},
		{"sells what nobody paid", func(c *clerk, p *purchase) {
			c.void(p)
			c.move(p, shop.Released)
			c.move(c.attempt("c-1/k-9", "bank-a", ""), shop.Sold)
		}, []audit.Name{traded}},
		{"undoes for nothing", func(c *clerk, p *purchase) {
			sells(c, p)
			q := c.attempt("c-1/k-9", "bank-a", "")
			q.total = 0
			c.undo(q)
		}, []audit.Name{money}},
		{"enters no legs", voidsWith(), []audit.Name{money}},
		{"enters one leg", voidsWith(100), []audit.Name{money}},
		{"enters legs of another amount", voidsWith(1, -1), []audit.Name{money}},
		{"enters one side twice", voidsWith(100, 100), []audit.Name{money}},
		{"acknowledges and does not", func(c *clerk, p *purchase) {
			c.void(p)
			c.move(p, shop.Released)
			c.tell("checkout", p, evidence.Acknowledged, "")
		}, []audit.Name{promise}},
		{"acknowledges another total", func(c *clerk, p *purchase) { finishes(c, p).Total++ }, []audit.Name{promise}},
		{"acknowledges another's order", func(c *clerk, p *purchase) { finishes(c, p).Reference = "c-9/k-1" }, []audit.Name{promise}},
		{"acknowledges an unknown order", func(c *clerk, p *purchase) { finishes(c, p).Order = "" }, []audit.Name{promise}},
		{"refuses and does", func(c *clerk, p *purchase) {
			sells(c, p)
			c.tell("checkout", p, evidence.Refused, shop.CodeUnavailable)
		}, []audit.Name{promise}},
		{"refuses and captures", func(c *clerk, p *purchase) {
			c.capture(p)
			c.move(p, shop.Released)
			c.tell("checkout", p, evidence.Refused, shop.CodeUnavailable)
		}, []audit.Name{promise, traded}},
		{"refuses and sells", func(c *clerk, p *purchase) {
			c.void(p)
			c.move(p, shop.Sold)
			c.tell("checkout", p, evidence.Refused, shop.CodeUnavailable)
		}, []audit.Name{promise, traded}},
		{"does what was never sent", func(c *clerk, p *purchase) { sells(c, p); c.tell("checkout", p, evidence.Unsent, "") }, []audit.Name{promise}},
		{"leaves the unknown open", func(c *clerk, p *purchase) { c.tell("checkout", p, evidence.Unknown, "") }, []audit.Name{promise, traded}},
		{"acknowledges a refund and does not", func(c *clerk, p *purchase) { finishes(c, p); c.tell("refund", p, evidence.Acknowledged, "") }, []audit.Name{promise}},
		{"refuses a refund and does", func(c *clerk, p *purchase) {
			finishes(c, p)
			c.tell("refund", p, evidence.Refused, shop.CodeOverloaded)
			c.refund(p)
			c.move(p, shop.Returned)
		}, []audit.Name{promise}},
		{"refunds unasked", func(c *clerk, p *purchase) { finishes(c, p); c.refund(p); c.move(p, shop.Returned) }, []audit.Name{promise}},
		{"replays another answer", func(c *clerk, p *purchase) {
			finishes(c, p)
			again := c.tell("checkout", p, evidence.Acknowledged, "")
			again.Digest, again.Replayed = "other", true
		}, []audit.Name{once}},
	} {
		c := newClerk()
		p := c.attempt("c-1/k-1", "bank-a", "")
		c.authorise(p)
		tt.does(c, p)
		expectBroken(t, tt.name, c.books, tt.want...)
	}
}

func sells(c *clerk, p *purchase) {
	c.capture(p)
	c.move(p, shop.Sold)
}

// finishes sells and tells the client.
func finishes(c *clerk, p *purchase) *evidence.Sample {
	sells(c, p)
	return c.tell("checkout", p, evidence.Acknowledged, "")
}

// voidsWith voids, and enters legs of these amounts.
func voidsWith(amounts ...shop.Amount) func(c *clerk, p *purchase) {
	return func(c *clerk, p *purchase) {
		var legs []shop.Leg
		for _, amount := range amounts {
			legs = append(legs, shop.Leg{Account: "customers", Amount: amount})
		}
		c.bankLine(p, shop.ChargeVoided)
		c.entry(p, shop.EntryVoided, legs...)
		c.move(p, shop.Released)
	}
}

func sellsTwice(bank string) func(c *clerk, p *purchase) {
	return func(c *clerk, p *purchase) {
		sells(c, p)
		c.sell(c.attempt(p.Reference, bank, "1"))
	}
}

// What is under way is no violation before it had the time to settle.
func TestWhatIsUnderWay(t *testing.T) {
	for name, step := range map[string]func(c *clerk, p *purchase){
		"held":       func(c *clerk, p *purchase) {},
		"authorised": func(c *clerk, p *purchase) { c.authorise(p) },
		"captured":   func(c *clerk, p *purchase) { c.authorise(p); c.capture(p) },
		"expired":    func(c *clerk, p *purchase) { c.authorise(p); c.capture(p); c.move(p, shop.Expired) },
		"refunded":   func(c *clerk, p *purchase) { c.sell(p); c.refund(p) },
	} {
		c := newClerk()
		p := c.attempt("c-1/k-1", "bank-a", "")
		step(c, p)
		c.tell("checkout", p, evidence.Unknown, "")
		c.books.Settled = false
		expectBroken(t, name, c.books)
		c.books.Settled = true
		if report := audit.Check(c.books); !slices.Contains(report.Broken(), traded) || !strings.Contains(violations(report), "not settled: ") {
			t.Errorf("%s, settled: broken %q", name, report.Broken())
		}
	}
}

// Everything that may be wrong in books, one record at a time, chosen at random from
// the books in which everything happened.
var damages = []struct {
	name string
	do   func(b *audit.Books, n int) // n is any number: which record
	want audit.Name
}{
	{"entry lost", func(b *audit.Books, n int) { remove(&b.Ledger, n) }, money},
	{"entry doubled", func(b *audit.Books, n int) { double(&b.Ledger, n) }, money},
	{"entry's number", func(b *audit.Books, n int) { pick(b.Ledger, n).Seq++ }, money},
	{"entry's kind", func(b *audit.Books, n int) { pick(b.Ledger, n).Kind = "gift" }, money},
	{"entry's amount", func(b *audit.Books, n int) { pick(b.Ledger, n).Amount++ }, money},
	{"entry's amount is negative", func(b *audit.Books, n int) { pick(b.Ledger, n).Amount *= -1 }, money},
	{"entry's reference", func(b *audit.Books, n int) { pick(b.Ledger, n).Reference = "c-9/k-1" }, money},
	{"entry's legs", func(b *audit.Books, n int) { pick(b.Ledger, n).Legs = nil }, money},
	{"a leg lost", func(b *audit.Books, n int) { remove(&pick(b.Ledger, n).Legs, n) }, money},
	{"a leg's amount", func(b *audit.Books, n int) { pick(pick(b.Ledger, n).Legs, n).Amount++ }, money},
	{"a leg's account", func(b *audit.Books, n int) { pick(pick(b.Ledger, n).Legs, n).Account = "mine" }, money},
	{"balance lost", func(b *audit.Books, n int) {
		b.Balances = slices.DeleteFunc(b.Balances, func(l shop.Leg) bool { return l.Account == "revenue" })
	}, money},
	{"balance doubled", func(b *audit.Books, n int) { double(&b.Balances, n) }, money},
	{"balance", func(b *audit.Books, n int) { pick(b.Balances, n).Amount-- }, money},
	{"account made up", func(b *audit.Books, n int) { b.Balances = append(b.Balances, shop.Leg{Account: "mine", Amount: 1}) }, money},
	{"line's number", func(b *audit.Books, n int) { pick(b.Statements["bank-a"], n).Seq = 0 }, money},
	{"line's status", func(b *audit.Books, n int) { pick(b.Statements["bank-a"], n).Status = "lent" }, money},
	{"line's amount", func(b *audit.Books, n int) { pick(b.Statements["bank-a"], n).Amount++ }, money},
	{"line's reference", func(b *audit.Books, n int) { pick(b.Statements["bank-a"], n).Reference = "c-9/k-1" }, money},
	{"line's charge", func(b *audit.Books, n int) { pick(b.Statements["bank-a"], n).Charge = "ch-other" }, ""},
	{"statement lost", func(b *audit.Books, n int) { delete(b.Statements, "bank-b") }, money},
	{"statement cut", func(b *audit.Books, n int) { b.Statements["bank-b"] = b.Statements["bank-b"][:n%3] }, ""},
	{"available", func(b *audit.Books, n int) { pick(b.Stock, n).Available-- }, stock},
	{"held", func(b *audit.Books, n int) { pick(b.Stock, n).Held++ }, stock},
	{"held instead of available", func(b *audit.Books, n int) { s := pick(b.Stock, n); s.Held, s.Available = s.Held+1, s.Available-1 }, stock},
	{"sold below none", func(b *audit.Books, n int) { s := pick(b.Stock, n); s.Available, s.Sold = s.Available+s.Sold+1, -1 }, stock},
	{"initial", func(b *audit.Books, n int) { pick(b.Stock, n).Initial++ }, stock},
	{"restocked", func(b *audit.Books, n int) { pick(b.Stock, n).Restocked-- }, stock},
	{"initial below none", func(b *audit.Books, n int) {
		s := pick(b.Stock, n)
		s.Initial, s.Restocked = -1, s.Restocked+s.Initial+1
	}, stock},
	{"account doubled", func(b *audit.Books, n int) { double(&b.Stock, n) }, stock},
	{"account lost", func(b *audit.Books, n int) { remove(&b.Stock, 0) }, stock},
	{"hold doubled", func(b *audit.Books, n int) { double(&b.Holds, n) }, stock},
	{"hold's status", func(b *audit.Books, n int) { pick(b.Holds, n).Status = "lent" }, stock},
	{"hold's quantity", func(b *audit.Books, n int) { pick(pick(b.Holds, n).Lines, n).Quantity *= -1 }, stock},
	{"hold held", func(b *audit.Books, n int) { pick(b.Holds, n).Status = shop.Held }, stock},
	{"hold sold", func(b *audit.Books, n int) { soldIfNot(pick(b.Holds, n)) }, stock},
	{"hold's reference", func(b *audit.Books, n int) { paid(b, n).Reference = "c-9/k-1" }, traded},
	{"hold's id", func(b *audit.Books, n int) { paid(b, n).ID = "ord_other" }, traded},
	{"acknowledgement's total", func(b *audit.Books, n int) { acknowledged(b, n).Total-- }, promise},
	{"acknowledgement's order", func(b *audit.Books, n int) { acknowledged(b, n).Order = "ord_other" }, promise},
}

func pick[T any](list []T, n int) *T { return &list[n%len(list)] }
func remove[T any](list *[]T, n int) { *list = slices.Delete(*list, n%len(*list), n%len(*list)+1) }
func double[T any](list *[]T, n int) { *list = slices.Insert(*list, n%len(*list), *pick(*list, n)) }

func soldIfNot(h *shop.Hold) {
	if h.Status == shop.Sold {
		h.Status = shop.Released
	} else {
		h.Status = shop.Sold
	}
}

// paid returns a hold that is sold.
func paid(b *audit.Books, n int) *shop.Hold {
	for b.Holds[n%len(b.Holds)].Status != shop.Sold {
		n++
	}
	return pick(b.Holds, n)
}

// acknowledged returns a sample of a checkout that was acknowledged.
func acknowledged(b *audit.Books, n int) *evidence.Sample {
	for s := pick(b.Journal, n); s.Route != "checkout" || s.Outcome != evidence.Acknowledged; s = pick(b.Journal, n) {
		n++
	}
	return pick(b.Journal, n)
}

func TestEveryDamageToEveryRecordIsSeen(t *testing.T) {
	for _, damage := range damages {
		for n := range 60 {
			c := everything()
			damage.do(&c.books, n)
			report := audit.Check(c.books)
			if report.Clean() || damage.want != "" && !slices.Contains(report.Broken(), damage.want) {
				t.Errorf("%s, record %d: broken %q, want %s; %s", damage.name, n, report.Broken(), damage.want, violations(report))
				break
			}
		}
	}
}

// A shop of any history is clean, and damage to it is seen.
func TestAnyHonestShop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := everything()
		for n := range rapid.IntRange(0, 12).Draw(t, "checkouts") {
			reference := shop.NewReference("c-2", fmt.Sprintf("k-%d", n))
			banks := rapid.Permutation([]string{"bank-a", "bank-b"}).Draw(t, "banks")
			rapid.SampledFrom(histories).Draw(t, "history").happens(c, reference, banks[0], banks[1])
		}
		if report := audit.Check(c.books); !report.Clean() {
			t.Fatalf("not clean: %s", violations(report))
		}
		damage := rapid.SampledFrom(damages).Draw(t, "damage")
		damage.do(&c.books, rapid.IntRange(0, 1000).Draw(t, "record"))
		if audit.Check(c.books).Clean() {
			t.Fatalf("%s: not seen", damage.name)
		}
	})
}

func TestOrders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status shop.OrderStatus
		does   func(c *clerk, p *purchase)
		change func(o *shop.Order)
		want   []audit.Name
	}{
		{"confirmed", shop.OrderConfirmed, (*clerk).sell, nil, nil},
		{"cancelled", shop.OrderCancelled, (*clerk).undo, nil, nil},
		{"refunded", shop.OrderRefunded, refunds, nil, nil},
		{"cancelled and repaid", shop.OrderCancelled, refunds, nil, nil},
		{"confirmed and undone", shop.OrderConfirmed, (*clerk).undo, nil, []audit.Name{traded}},
		{"cancelled and sold", shop.OrderCancelled, (*clerk).sell, nil, []audit.Name{traded}},
		{"refunded and sold", shop.OrderRefunded, (*clerk).sell, nil, []audit.Name{traded}},
		{"refunded, never sold", shop.OrderRefunded, (*clerk).undo, nil, []audit.Name{traded}},
		{"pending", shop.OrderPending, (*clerk).undo, nil, []audit.Name{traded}},
		{"cancelling", shop.OrderCancelling, (*clerk).undo, nil, []audit.Name{traded}},
		{"refunding", shop.OrderRefunding, (*clerk).sell, nil, []audit.Name{traded}},
		{"unheard of", "lost", (*clerk).undo, nil, []audit.Name{traded}},
		{"total", shop.OrderConfirmed, (*clerk).sell, func(o *shop.Order) { o.Total++ }, []audit.Name{traded}},
		{"reference", shop.OrderConfirmed, (*clerk).sell, func(o *shop.Order) { o.Reference = "c-9/k-1" }, []audit.Name{traded}},
		{"nowhere else", shop.OrderConfirmed, (*clerk).sell, func(o *shop.Order) { o.ID = "ord_other" }, []audit.Name{traded}},
	} {
		c := newClerk()
		p := c.attempt("c-1/k-1", "bank-a", "")
		tt.does(c, p)
		o := shop.Order{ID: p.ID, Reference: p.Reference, Status: tt.status, Total: p.total}
		if tt.change != nil {
			tt.change(&o)
		}
		c.books.Orders = []shop.Order{o}
		expectBroken(t, tt.name, c.books, tt.want...)
	}
}

func refunds(c *clerk, p *purchase) {
	c.sell(p)
	c.refund(p)
	c.move(p, shop.Returned)
}

func TestWithoutAJournalNoPromiseIsChecked(t *testing.T) {
	c := everything()
	c.books.JournalGiven, c.books.Journal = false, nil
	report := audit.Check(c.books)
	if got := report.Invariants[3]; got.Name != promise || got.NotChecked != "no journal" || !got.Holds || !report.Clean() {
		t.Errorf("promise is %+v", got)
	}
}

func TestViolationsAreBounded(t *testing.T) {
	c := everything()
	for n := range c.books.Ledger {
		c.books.Ledger[n].Seq = 0
	}
	got := audit.Check(c.books).Invariants[0]
	if len(got.Violations) != audit.MaxViolations || got.Violated != len(c.books.Ledger) {
		t.Errorf("%d violations told, %d counted, want %d and %d", len(got.Violations), got.Violated, audit.MaxViolations, len(c.books.Ledger))
	}
}

func TestEqualBooksGiveEqualReports(t *testing.T) {
	books := func() audit.Books {
		c := everything()
		c.books.Balances, c.books.Stock = nil, nil // many violations, found by way of maps
		return c.books
	}
	want := audit.Check(books())
	for range 20 {
		if got := audit.Check(books()); !reflect.DeepEqual(got, want) {
			t.Fatalf("reported %v, then %v", want, got)
		}
	}
}

func ExampleCheck() {
	books := audit.Books{
		Ledger: []shop.LedgerEntry{{
			Seq: 1, Kind: shop.EntryCaptured, Payment: "ord_1", Reference: "c-1/k-1", Bank: "bank-a", Amount: 1234,
			Legs: []shop.Leg{{Account: "bank:bank-a", Amount: 1234}, {Account: "revenue:t-1", Amount: -1234}},
		}},
		Balances:   []shop.Leg{{Account: "bank:bank-a", Amount: 1234}, {Account: "revenue:t-1", Amount: -1234}},
		Statements: map[string][]shop.StatementLine{"bank-a": nil}, // which knows nothing of it
		Stock:      []shop.Stock{{Product: "p-1", Initial: 10, Available: 9, Sold: 1}},
		Holds:      []shop.Hold{{ID: "ord_1", Reference: "c-1/k-1", Status: shop.Sold, Lines: []shop.Line{{Product: "p-1", Quantity: 1}}}},
		Settled:    true,
	}
	report := audit.Check(books)
	fmt.Println(report.Broken())
	fmt.Println(report.Invariants[0].Violations[0])
	// Output:
	// [money]
	// c-1/k-1 at bank-a: the ledger captured 12.34 EUR and refunded 0.00 EUR, the bank captured 0.00 EUR and refunded 0.00 EUR
}

// Of 13 000 checkouts.
func BenchmarkCheck(b *testing.B) {
	c := newClerk()
	for n := range 1000 {
		c.everything(fmt.Sprintf("c-%d", n))
	}
	for b.Loop() {
		if report := audit.Check(c.books); !report.Clean() {
			b.Fatal(violations(report))
		}
	}
}
