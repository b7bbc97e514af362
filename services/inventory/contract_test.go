package inventory_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/inventory"
)

// The contract of a store, told in steps. What is done:
//
//	hold ID PRODUCT=PIECES...     sets aside, for 60 s, for the customer c and the key k
//	write ID PRODUCT=PIECES...    the same, in two operations and unchecked
//	commit, release, return ID
//	find ID                       reads a hold
//	wait SECONDS
//	expire LIMIT                  expires what is due
//	restock KEY PRODUCT PIECES
//	stock PRODUCT                 initial+restocked = available/held/sold
//	holds SKIP LIMIT
//	stocks AFTER LIMIT            - for AFTER is none
//	products AFTER LIMIT
//	seed PRODUCT=PIECES
//
// The products at the beginning are a with 10 pieces, b with 5, c with none. What comes
// of it is the status of a hold and its lines, or the code of an error and its pointer.
type step struct{ do, want string }

var contract = map[string][]step{
	"sold and returned": {
		{"hold h a=2 b=1", "held a=2 b=1"}, {"stock a", "10+0 = 8/2/0"}, {"stock b", "5+0 = 4/1/0"},
		{"commit h", "sold a=2 b=1"}, {"stock a", "10+0 = 8/0/2"},
		{"commit h", "sold a=2 b=1"}, {"stock a", "10+0 = 8/0/2"},
		{"return h", "returned a=2 b=1"}, {"stock a", "10+0 = 10/0/0"},
		{"return h", "returned a=2 b=1"}, {"stock a", "10+0 = 10/0/0"}, {"stock b", "5+0 = 5/0/0"},
		{"commit h", "wrong-state"}, {"release h", "wrong-state"}, {"find h", "returned a=2 b=1"},
	},
	"released": {
		{"hold h a=2", "held a=2"}, {"release h", "released a=2"}, {"stock a", "10+0 = 10/0/0"},
		{"release h", "released a=2"}, {"stock a", "10+0 = 10/0/0"},
		{"commit h", "cancelled"}, {"return h", "wrong-state"},
	},
	"sold is not released": {
		{"hold h a=2", "held a=2"}, {"return h", "wrong-state"}, {"commit h", "sold a=2"}, {"release h", "wrong-state"},
		{"stock a", "10+0 = 8/0/2"},
	},
	"asked again": {
		{"hold h a=2", "held a=2"}, {"hold h a=2", "known held a=2"}, {"stock a", "10+0 = 8/2/0"},
		{"hold h a=3", "known held a=2"}, {"commit h", "sold a=2"}, {"hold h a=2", "known sold a=2"}, {"stock a", "10+0 = 8/0/2"},
	},
	"not enough": {
		{"hold h a=10 b=6", "out-of-stock /lines/1"}, {"hold h c=1", "out-of-stock /lines/0"}, {"stock a", "10+0 = 10/0/0"},
		{"find h", "not-found path:id"}, {"hold h a=10 b=5", "held a=10 b=5"}, {"hold i a=1", "out-of-stock /lines/0"},
	},
	"unknown product": {
		{"hold h a=1 x=1", "not-found /lines/1/product"}, {"stock a", "10+0 = 10/0/0"}, {"holds 0 9", ""},
		{"stock x", "not-found /lines/0/product"},
	},
	"written over what is there": {
		{"write h a=2 b=1", ""}, {"find h", "held a=2 b=1"}, {"stock a", "10+0 = 8/2/0"}, {"stock b", "5+0 = 4/1/0"},
		{"write h a=1", ""}, {"find h", "held a=1"}, {"stock a", "10+0 = 7/3/0"}, {"holds 0 9", "h"},
		{"hold h a=1", "known held a=1"}, {"wait 60", ""}, {"expire 9", "1"}, {"expire 9", "0"}, {"stock a", "10+0 = 8/2/0"},
	},
	"unknown hold": {
		{"commit h", "not-found path:id"}, {"return h", "not-found path:id"}, {"find h", "not-found path:id"}, {"holds 0 9", ""},
	},
	"a tombstone": {
		{"release h", "released"}, {"hold h a=1", "known released"}, {"release h", "released"}, {"commit h", "cancelled"},
		{"return h", "wrong-state"}, {"stock a", "10+0 = 10/0/0"}, {"holds 0 9", "h"}, {"wait 90", ""}, {"expire 9", "0"},
	},
	"expired": {
		{"hold h a=2", "held a=2"}, {"wait 59", ""}, {"expire 9", "0"}, {"find h", "held a=2"},
		{"wait 1", ""}, {"expire 9", "1"}, {"find h", "expired a=2"}, {"stock a", "10+0 = 10/0/0"}, {"expire 9", "0"},
		{"return h", "wrong-state"}, {"hold h a=2", "known expired a=2"},
	},
	"expired and sold": {
		{"hold h b=2 a=1", "held b=2 a=1"}, {"wait 60", ""}, {"expire 9", "1"}, {"commit h", "sold b=2 a=1"},
		{"stock b", "5+0 = 3/0/2"}, {"stock a", "10+0 = 9/0/1"}, {"return h", "returned b=2 a=1"},
	},
	"expired and gone": {
		{"hold h a=1 b=2", "held a=1 b=2"}, {"wait 60", ""}, {"expire 9", "1"}, {"hold i b=4", "held b=4"},
		{"commit h", "hold-expired"}, {"stock a", "10+0 = 10/0/0"}, {"find h", "expired a=1 b=2"},
		{"release i", "released b=4"}, {"commit h", "sold a=1 b=2"},
	},
	"expired and released": {
		{"hold h a=2", "held a=2"}, {"wait 60", ""}, {"expire 9", "1"}, {"release h", "released a=2"},
		{"stock a", "10+0 = 10/0/0"}, {"commit h", "cancelled"},
	},
	"due, but not swept yet": {
		{"hold h a=2", "held a=2"}, {"wait 90", ""}, {"commit h", "sold a=2"}, {"expire 9", "0"}, {"stock a", "10+0 = 8/0/2"},
	},
	"swept in order, so many at a time": {
		{"hold h a=1", "held a=1"}, {"wait 1", ""}, {"hold g a=1", "held a=1"}, {"hold f a=1", "held a=1"}, {"wait 90", ""},
		{"expire 2", "2"}, {"find h", "expired a=1"}, {"find f", "expired a=1"}, {"find g", "held a=1"},
		{"expire 2", "1"}, {"stock a", "10+0 = 10/0/0"},
	},
	"restocked": {
		{"restock k b 7", "5+7 = 12/0/0"}, {"hold h b=12", "held b=12"}, {"restock k b 7", "replayed 5+7 = 12/0/0"},
		{"stock b", "5+7 = 0/12/0"}, {"restock k b 8", "key-mismatch header:Idempotency-Key"},
		{"restock k a 7", "key-mismatch header:Idempotency-Key"}, {"restock l b 1", "5+8 = 1/12/0"},
		{"restock m x 1", "not-found path:id"}, {"restock m c 1", "0+1 = 1/0/0"},
	},
	"pages of holds": {
		{"hold h3 a=1", "held a=1"}, {"hold h1 a=1", "held a=1"}, {"release h2", "released"}, {"hold h3 a=1", "known held a=1"},
		{"commit h3", "sold a=1"}, {"holds 0 9", "h3 h1 h2"}, {"holds 0 2", "h3 h1"}, {"holds 2 2", "h2"}, {"holds 3 2", ""},
		{"holds 99 2", ""},
	},
	"pages of products": {
		{"stocks - 9", "a b c"}, {"stocks - 2", "a b"}, {"stocks b 2", "c"}, {"stocks aa 1", "b"}, {"stocks c 1", ""},
		{"products - 9", "a b c"}, {"products a 1", "b"}, {"products z 1", ""},
	},
	"seeded again": {
		{"hold h a=2", "held a=2"}, {"seed a=99", ""}, {"seed d=4", ""}, {"stock a", "10+0 = 8/2/0"}, {"stock d", "4+0 = 4/0/0"},
	},
}

func TestStoreKeepsTheContract(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		for name, steps := range contract {
			t.Run(name, func(t *testing.T) {
				err := onLoop(t, func(task *loop.Task, rt *service.Runtime) error {
					return follow(task, open(rt), steps)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// follow does steps and returns what did not come as it should.
func follow(t *loop.Task, s inventory.Store, steps []step) error {
	n := narrator{task: t, store: s, now: time.UnixMilli(1_000_000).UTC()}
	if err := inventory.Seed(t, s, goods("a=10", "b=5", "c=0")); err != nil {
		return err
	}
	var problems []error
	for i, step := range steps {
		if got := n.do(strings.Fields(step.do)); got != step.want {
			problems = append(problems, fmt.Errorf("step %d, %s: got %q, want %q", i+1, step.do, got, step.want))
		}
	}
	return errors.Join(problems...)
}

// goods are products with as many pieces as each word says.
func goods(words ...string) []shop.Product {
	var products []shop.Product
	for _, line := range linesOf(words) {
		products = append(products, shop.Product{
			ID: line.Product, Name: "the " + line.Product, Price: 199, Currency: shop.Currency, Available: line.Quantity,
		})
	}
	return products
}

func linesOf(words []string) []shop.Line {
	var lines []shop.Line
	for _, word := range words {
		product, pieces, _ := strings.Cut(word, "=")
		lines = append(lines, shop.Line{Product: product, Quantity: shop.Quantity(number(pieces))})
	}
	return lines
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // the test is wrong
	}
	return n
}

// A narrator does what a step says.
type narrator struct {
	task  *loop.Task
	store inventory.Store
	now   time.Time
}

func (n *narrator) do(words []string) string {
	switch words[0] {
	case "hold":
		return n.hold(shop.Hold{ID: words[1], Reference: shop.NewReference("c", "k"), Lines: linesOf(words[2:])})
	case "write":
		return told("", n.write(words[1], linesOf(words[2:])))
	case "commit", "release", "return":
		h, err := n.store.Act(n.task, words[1], inventory.Action(words[0]), n.now)
		return told(holdText(h), err)
	case "find":
		h, err := n.store.FindHold(n.task, words[1])
		return told(holdText(h), err)
	case "wait":
		n.now = n.now.Add(time.Duration(number(words[1])) * time.Second)
		return ""
	case "expire":
		expired, err := n.store.ExpireDue(n.task, n.now, number(words[1]))
		return told(strconv.Itoa(expired), err)
	case "restock":
		return n.restock(words[1], words[2], number(words[3]))
	case "stock":
		accounts, err := n.store.ReadStocks(n.task, linesOf([]string{words[1] + "=1"}))
		if err != nil {
			return told("", err)
		}
		return accountText(accounts[0])
	case "seed":
		return told("", n.store.Seed(n.task, goods(words[1:]...)))
	}
	return n.page(words[0], words[1], number(words[2]))
}

func (n *narrator) hold(h shop.Hold) string {
	h.Status, h.Expires = shop.Held, n.now.Add(time.Minute)
	got, known, err := n.store.Hold(n.task, h)
	text := holdText(got)
	if known {
		text = "known " + text
	}
	if err == nil && !known && (got.ID != h.ID || got.Reference != h.Reference || !got.Expires.Equal(h.Expires)) {
		return fmt.Sprintf("%+v", got)
	}
	return told(text, err)
}

func (n *narrator) write(id string, lines []shop.Line) error {
	accounts, err := n.store.ReadStocks(n.task, lines)
	if err != nil {
		return err
	}
	for i, line := range lines {
		accounts[i].Available -= line.Quantity
		accounts[i].Held += line.Quantity
	}
	h := shop.Hold{ID: id, Reference: shop.NewReference("c", "k"), Status: shop.Held, Lines: lines, Expires: n.now.Add(time.Minute)}
	return n.store.WriteHold(n.task, h, accounts)
}

func (n *narrator) restock(key, product string, pieces int) string {
	account, replayed, err := n.store.Restock(n.task, key, product, shop.Quantity(pieces), n.now)
	text := accountText(account)
	if replayed {
		text = "replayed " + text
	}
	return told(text, err)
}

func (n *narrator) page(what, from string, limit int) string {
	var ids []string
	var err error
	after := strings.TrimPrefix(from, "-")
	switch what {
	case "holds":
		var page []shop.Hold
		page, err = n.store.Holds(n.task, int64(number(from)), limit)
		for _, h := range page {
			ids = append(ids, h.ID)
		}
	case "stocks":
		var page []shop.Stock
		page, err = n.store.Stocks(n.task, after, limit)
		for _, a := range page {
			ids = append(ids, a.Product)
		}
	case "products":
		var page []shop.Product
		page, err = n.store.Products(n.task, after, limit)
		for _, p := range page {
			ids = append(ids, p.ID)
		}
	default:
		panic("no step is called " + what)
	}
	return told(strings.Join(ids, " "), err)
}

// told is a result, or an error's code and pointer.
func told(text string, err error) string {
	if err == nil {
		return text
	}
	e, ok := errors.AsType[*shop.Error](err)
	if !ok {
		return "error: " + err.Error()
	}
	return strings.TrimSpace(string(e.Code) + " " + e.Pointer)
}

func holdText(h shop.Hold) string {
	text := string(h.Status)
	for _, line := range h.Lines {
		text += fmt.Sprintf(" %s=%d", line.Product, line.Quantity)
	}
	return text
}

func accountText(a shop.Stock) string {
	return fmt.Sprintf("%d+%d = %d/%d/%d", a.Initial, a.Restocked, a.Available, a.Held, a.Sold)
}

func TestStoreDescribesProducts(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		err := onLoop(t, func(task *loop.Task, rt *service.Runtime) error {
			s := open(rt)
			if err := inventory.Seed(task, s, goods("a=10", "b=5")); err != nil {
				return err
			}
			_, _, err := s.Hold(task, shop.Hold{ID: "h", Status: shop.Held, Lines: linesOf([]string{"b=2"}), Expires: time.UnixMilli(1)})
			if err != nil {
				return err
			}
			want := shop.Product{ID: "b", Name: "the b", Price: 199, Currency: shop.Currency, Available: 3}
			page, err := s.Products(task, "a", 9)
			if err != nil || len(page) != 1 || page[0] != want {
				return fmt.Errorf("page: %+v, %w", page, err)
			}
			if p, err := s.Product(task, "b"); err != nil || p != want {
				return fmt.Errorf("product: %+v, %w", p, err)
			}
			_, err = s.Product(task, "x")
			if got := told("", err); got != "not-found path:id" {
				return fmt.Errorf("a product that is not there: %s", got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Twenty tasks want the last piece.
func TestStoreGivesTheLastPieceToOne(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		err := onLoop(t, func(task *loop.Task, rt *service.Runtime) error {
			s := open(rt)
			if err := inventory.Seed(task, s, goods("a=3")); err != nil {
				return err
			}
			var asked []*loop.Promise[shop.Hold]
			for i := range 20 {
				asked = append(asked, loop.Async(task.Context(), rt.Loop, "buyer", func(task *loop.Task) (shop.Hold, error) {
					id := "h" + strconv.Itoa(i)
					h, _, err := s.Hold(task, shop.Hold{ID: id, Status: shop.Held, Lines: linesOf([]string{"a=2"}), Expires: time.UnixMilli(1)})
					return h, err
				}))
			}
			outcomes, err := loop.Await(task, loop.AllSettled(rt.Loop, "buyers", asked...))
			if err != nil {
				return err
			}
			held := 0
			for _, o := range outcomes {
				if o.Err == nil {
					held++
				} else if got := told("", o.Err); got != "out-of-stock /lines/0" {
					return fmt.Errorf("a buyer got %s", got)
				}
			}
			if accounts, err := s.Stocks(task, "", 1); held != 1 || err != nil || accountText(accounts[0]) != "3+0 = 1/2/0" {
				return fmt.Errorf("%d buyers hold the last pieces, the account is %v: %w", held, accounts, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
