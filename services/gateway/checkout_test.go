package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
	"brownout/services/payments"
)

func TestCheckoutIsConfirmedOnce(t *testing.T) {
	inTown(t, func(w *town) {
		first := w.checkout("k1")
		w.wantStatus("checkout", first, 201)
		o := w.order(first)
		want(t, "order", o, shop.Order{
			ID: shop.NewReference("ann", "k1").OrderID(""), Reference: "ann/k1", Customer: "ann", Tenant: "north", Status: shop.OrderConfirmed,
			Lines: []shop.Line{{Product: "p0000", Quantity: 2}}, Total: 398, Currency: "EUR", Created: o.Created,
		})
		want(t, "books", w.books(o), "confirmed captured sold")

		again := w.checkout("k1")
		want(t, "replayed", again.Header[shop.HeaderReplayed], "true")
		want(t, "body", again.Body, first.Body)
		want(t, "status", again.Status, 201)
		want(t, "not replayed", first.Header[shop.HeaderReplayed], "")
		w.wantProblem("another body", w.send("ann", "k1", "/v1/checkout", basket(card, "p0001")), "422 key-mismatch header:Idempotency-Key")
		w.wantStatus("another customer", w.send("bob", "k1", "/v1/checkout", basket(card, "p0000")), 201)
		w.wantProblem("no key", w.send("ann", "", "/v1/checkout", basket(card, "p0000")), "400 key-missing header:Idempotency-Key")
		want(t, "the order", w.get("ann", "/v1/orders/"+o.ID).Body, first.Body)
		w.audit()
	})
}

func TestCheckoutInFlight(t *testing.T) {
	inTown(t, func(w *town) {
		w.as("ann")
		var second servicetest.Answer
		wait := w.Go("second", func(c *servicetest.Client) {
			_ = c.Task.Sleep(15 * time.Millisecond)
			other := *w
			other.Client = c
			second = other.checkout("k1")
		})
		w.wantStatus("first", w.checkout("k1"), 201)
		wait()
		w.wantProblem("second", second, "409 key-in-flight header:Idempotency-Key")
		want(t, "Retry-After", second.Header["Retry-After"], "1")
	})
}

func TestCheckoutRefusesWhatIsWrong(t *testing.T) {
	many := strings.Repeat(`{"product":"p","quantity":1},`, 20)
	inTown(t, func(w *town) {
		for _, tt := range []struct{ body, want string }{
			{``, "400 invalid-request /"},
			{`{}`, "400 invalid-request /lines"},
			{`{"lines":[],"card":"c"}`, "400 invalid-request /lines"},
			{`{"lines":[` + many + `{"product":"p","quantity":1}],"card":"c"}`, "400 invalid-request /lines"},
			{`{"lines":[{"product":"","quantity":1}],"card":"c"}`, "400 invalid-request /lines/0/product"},
			{`{"lines":[{"product":"p0000","quantity":0}],"card":"c"}`, "400 invalid-request /lines/0/quantity"},
			{`{"lines":[{"product":"p0000","quantity":1001}],"card":"c"}`, "400 invalid-request /lines/0/quantity"},
			{`{"lines":[{"product":"p0000","quantity":1},{"product":"p0000","quantity":1}],"card":"c"}`, "400 invalid-request /lines/1/product"},
			{`{"lines":[{"product":"p0000","quantity":1}],"card":"a b"}`, "400 invalid-request /card"},
			{`{"lines":[{"product":"p0000","quantity":1}],"card":"c","total":1}`, "400 invalid-request /total"},
			{`{"lines":[{"product":"p0000","quantity":1},{"product":"nope","quantity":1}],"card":"c"}`, "404 not-found /lines/1/product"},
			{`{"lines":[{"product":"p0000","quantity":1},{"product":"p0004","quantity":2}],"card":"c"}`, "409 out-of-stock /lines/1"},
			{basket(shop.DeclinedCard, "p0000"), "402 payment-declined"},
		} {
			w.wantProblem(tt.body, w.send("ann", "k"+fmt.Sprint(w.calls["n"]), "/v1/checkout", tt.body), tt.want)
			w.calls["n"]++
		}
		w.audit()
	})
}

func TestCheckoutRemembersDefiniteAnswers(t *testing.T) {
	for what, body := range map[string]string{"declined": basket(shop.DeclinedCard, "p0000"), "out of stock": basket(card, "p0004")} {
		t.Run(what, func(t *testing.T) {
			inTown(t, func(w *town) {
				first := w.send("ann", "k1", "/v1/checkout", body)
				again := w.send("ann", "k1", "/v1/checkout", body)
				if first.Status >= 500 || again.Status != first.Status || again.Body != first.Body || again.Header[shop.HeaderReplayed] != "true" {
					t.Errorf("first %+v, then %+v", first, again)
				}
				w.audit()
			})
		})
	}
}

func TestCheckoutOfStalePriceIsAnsweredAsBefore(t *testing.T) {
	inTown(t, func(w *town) {
		first := w.checkout("k1")
		w.sleep(12 * time.Minute)
		w.faults["product"] = &fault{mode: "reset", until: time.Now().Add(time.Hour)}
		want(t, "replay without prices", w.checkout("k1").Body, first.Body)
		w.wantProblem("a new one without prices", w.checkout("k2"), "503 unavailable")
		w.wantProblem("no second order", w.get("ann", "/v1/orders/"+shop.NewReference("ann", "k2").OrderID("")), "404 not-found path:id")
	})
}

// failures are how a call can fail.
var failures = []string{"refused", "reset", "lost", "hang", "late", "unavailable", "internal", "nonsense", "conflict"}

// TestCheckoutThatFails lets every call of a checkout fail in every way, once or for a
// while. Whatever the client is told must be true, now and later, and the same key must
// end in an answer that is as true.
func TestCheckoutThatFails(t *testing.T) {
	for _, call := range []string{"hold", "authorise", "capture", "commit"} {
		for _, mode := range failures {
			for _, outage := range []time.Duration{0, 8 * time.Second} {
				t.Run(fmt.Sprintf("%s/%s/%v", call, mode, outage), func(t *testing.T) {
					inRoughTown(t, func(w *town) {
						w.as("ann")
						w.faults[call] = broken(mode, 0, outage)
						w.seeItThrough(w.checkout("k1"))
					})
				})
			}
		}
	}
}

// TestCheckoutWhoseBankLosesReplies has payments not know, for a while, what it did.
func TestCheckoutWhoseBankLosesReplies(t *testing.T) {
	for _, lost := range [][]payments.Operation{
		{payments.Authorise}, {payments.Capture}, {payments.Authorise, payments.Void}, {payments.Authorise, payments.Capture, payments.Void},
	} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			inRoughTown(t, func(w *town) {
				w.as("ann")
				w.vault.lose = map[payments.Operation]time.Time{}
				for _, do := range lost {
					w.vault.lose[do] = time.Now().Add(8 * time.Second)
				}
				first := w.checkout("k1")
				w.wantProblem("at first", first, "504 outcome-unknown")
				w.seeItThrough(first)
			})
		})
	}
}

// broken is a fault of one call, or, if outage is above 0, of all for so long.
func broken(mode string, after int, outage time.Duration) *fault {
	f := &fault{mode: mode, after: after, left: 1}
	if outage > 0 {
		f.until = time.Now().Add(outage)
	}
	return f
}

// TestCheckoutThatCannotBeUndone lets the undoing fail, too.
func TestCheckoutThatCannotBeUndone(t *testing.T) {
	for _, tt := range []struct{ call, mode, undo string }{
		{"hold", "lost", "release"}, {"authorise", "lost", "release"}, {"authorise", "lost", "void"}, {"authorise", "late", "void"},
		{"capture", "lost", "payment"}, {"capture", "reset", "void"}, {"capture", "late", "payment"}, {"capture", "reset", "release"},
	} {
		for _, mode := range failures {
			t.Run(fmt.Sprintf("%s/%s/%s/%s", tt.call, tt.mode, tt.undo, mode), func(t *testing.T) {
				inRoughTown(t, func(w *town) {
					w.as("ann")
					w.faults[tt.call] = &fault{mode: tt.mode, left: 1}
					w.faults[tt.undo] = &fault{mode: mode, until: time.Now().Add(8 * time.Second)}
					w.seeItThrough(w.checkout("k1"))
				})
			})
		}
	}
}

// TestCheckoutBeyondItsDeadline ends the patience of the client in the middle: what was
// done is undone or finished all the same.
func TestCheckoutBeyondItsDeadline(t *testing.T) {
	for _, tt := range []struct {
		call, mode string
		status     int
	}{
		{"hold", "hang", 503}, {"authorise", "hang", 503}, {"capture", "hang", 503},
		{"hold", "at the last", 503}, {"authorise", "at the last", 503}, {"capture", "at the last", 201}, {"commit", "at the last", 201},
	} {
		t.Run(tt.call+" "+tt.mode, func(t *testing.T) {
			inTown(t, func(w *town) {
				w.faults[tt.call] = &fault{mode: tt.mode, left: 1}
				headers := append(w.as("ann"), shop.HeaderIdempotencyKey, "k1", shop.HeaderDeadline, "500")
				w.wantStatus("checkout", w.Do("POST", "/v1/checkout", basket(card, "p0000"), headers...), tt.status)
				w.audit()
				w.wantStatus("again", w.checkout("k1"), 201)
				w.audit()
			})
		})
	}
}

// TestCheckoutWhoseStoreFails lets every change of the store fail, before and after it
// is made.
func TestCheckoutWhoseStoreFails(t *testing.T) {
	for _, mode := range []string{"refused", "lost"} {
		for _, outage := range []time.Duration{0, 8 * time.Second} {
			for _, tt := range []struct {
				operation string
				after     int
			}{{"begin", 0}, {"advance", 0}, {"advance", 1}, {"advance", 2}, {"finish", 0}} {
				t.Run(fmt.Sprintf("%s/%d/%s/%v", tt.operation, tt.after, mode, outage), func(t *testing.T) {
					inRoughTown(t, func(w *town) {
						w.as("ann")
						w.faults["store: "+tt.operation] = broken(mode, tt.after, outage)
						w.seeItThrough(w.checkout("k1"))
					})
				})
			}
		}
	}
}

// seeItThrough holds what a client was told against what is true a while later.
func (w *town) seeItThrough(first servicetest.Answer) {
	w.T.Helper()
	told := w.wantHonest("at first", first)
	if told != "unknown" && first.Status != 503 {
		want := w.checkout("k1")
		if want.Body != first.Body || want.Status != first.Status {
			w.T.Errorf("at first %d %s, at once %d %s", first.Status, first.Body, want.Status, want.Body)
		}
	}
	w.sleep(30 * time.Second)
	w.audit()
	orders := len(w.ordersOf("ann"))
	if told == "confirmed" && orders != 1 {
		w.T.Errorf("%d orders of one checkout", orders)
	}
	later := w.checkout("k1")
	if w.wantHonest("later", later) == "unknown" || later.Status == 503 {
		w.T.Errorf("later: %d %s", later.Status, later.Body)
	}
	if told == "confirmed" && later.Body != first.Body {
		w.T.Errorf("at first %s, later %s", first.Body, later.Body)
	}
	w.audit()
	var sold int
	for _, o := range w.ordersOf("ann") {
		if o.Status == shop.OrderConfirmed {
			sold++
		}
	}
	if sold > 1 || (sold == 1) != (later.Status == 201) {
		w.T.Errorf("%d orders confirmed, and the answer is %d", sold, later.Status)
	}
}

// wantHonest checks that an answer is one of those that a checkout may have, and says
// what it promises.
func (w *town) wantHonest(when string, a servicetest.Answer) string {
	w.T.Helper()
	orders := w.ordersOf("ann")
	switch {
	case a.Status == 201:
		if len(orders) == 0 || orders[0].Status != shop.OrderConfirmed {
			w.T.Errorf("%s: told of an order that is not confirmed: %+v", when, orders)
		}
		return "confirmed"
	case a.Status == 503 || a.Status == 409 && !strings.Contains(a.Body, "key-in-flight"):
		for _, o := range orders {
			if o.Status != shop.OrderCancelled {
				w.T.Errorf("%s: told %d, but the order is %s", when, a.Status, w.books(o))
			}
		}
		return "undone"
	case a.Status == 504 || a.Status == 409:
		return "unknown"
	}
	w.T.Errorf("%s: %d %s", when, a.Status, a.Body)
	return ""
}

func (w *town) ordersOf(user string) []shop.Order {
	w.T.Helper()
	return decode[shop.OrderPage](w.T, w.get(user, "/v1/orders").Body).Orders
}

// TestCheckoutOfAGatewayThatCrashes crashes it before and after every call and every
// change.
func TestCheckoutOfAGatewayThatCrashes(t *testing.T) {
	crashes := []struct {
		at    string
		after int
		want  string
	}{
		{"hold", 0, "cancelled none released"}, {"authorise", 0, "cancelled voided released"}, {"capture", 0, "cancelled voided released"},
		{"commit", 0, "confirmed captured sold"}, {"store: begin", 0, "cancelled none released"},
		{"store: advance", 0, "cancelled voided released"}, {"store: advance", 1, "cancelled voided released"},
		{"store: advance", 2, "confirmed captured sold"}, {"store: finish", 0, "confirmed captured sold"},
	}
	for _, tt := range crashes {
		for _, mode := range []string{"crash before", "crash after"} {
			if mode == "crash before" && strings.HasPrefix(tt.at, "store: ") {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/%s", tt.at, tt.after, mode), func(t *testing.T) {
				inRoughTown(t, func(w *town) {
					w.as("ann")
					w.faults[tt.at] = &fault{mode: mode, after: tt.after, left: 1}
					if w.sent("k1", "/v1/checkout", basket(card, "p0000")) {
						t.Error("there was no crash")
					}
					w.sleep(10 * time.Second)
					wanted := tt.want
					if tt.at == "capture" && mode == "crash after" {
						wanted = "confirmed captured sold"
					}
					for _, o := range w.ordersOf("ann") {
						want(t, "books", w.books(o), wanted)
					}
					a := w.checkout("k1")
					if strings.HasPrefix(wanted, "confirmed") {
						w.wantStatus("asked later", a, 201)
					} else {
						w.wantProblem("asked later", a, "409 cancelled")
					}
					w.audit()
				})
			})
		}
	}
}

func TestNothingIsSettledWithoutTheSweeper(t *testing.T) {
	inTown(t, func(w *town) {
		w.as("ann")
		w.faults["authorise"] = &fault{mode: "crash after", left: 1}
		w.sent("k1", "/v1/checkout", basket(card, "p0000"))
		w.sleep(time.Minute)
		want(t, "books", w.books(w.ordersOf("ann")[0]), "pending authorised held")
		w.wantProblem("asked later", w.checkout("k1"), "409 key-in-flight header:Idempotency-Key")
		if err := w.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: true}); err != nil {
			t.Fatal(err)
		}
		w.sleep(10 * time.Second)
		w.audit()
	}, resilience.Sweeper)
}

func TestKeysAreIgnoredWithoutIdempotency(t *testing.T) {
	inTown(t, func(w *town) {
		first, second := w.order(w.checkout("k1")), w.order(w.checkout("k1"))
		if first.ID == second.ID || first.Reference != second.Reference {
			t.Errorf("orders %s of %s and %s of %s", first.ID, first.Reference, second.ID, second.Reference)
		}
		w.audit()
	}, resilience.Idempotency)
}

func TestCheckoutWhoseHoldIsGone(t *testing.T) {
	inTown(t, func(w *town) {
		w.as("ann")
		w.faults["commit"] = &fault{mode: "hang", until: time.Now().Add(time.Hour)}
		w.wantProblem("commit hangs", w.checkout("k1"), "504 outcome-unknown")
		id := shop.NewReference("ann", "k1").OrderID("")
		if _, err := w.config.Inventory.Release(w.Task, id); err != nil {
			t.Fatal(err)
		}
		delete(w.faults, "commit")
		w.sleep(10 * time.Second)
		w.wantProblem("asked later", w.checkout("k1"), "409 hold-expired")
		r, _ := w.store.Order(w.Task, id)
		want(t, "books", w.books(r.Order), "cancelled refunded released")
	})
}

// That the breaker refuses to try again says nothing of the attempt before, whose reply
// was lost.
func TestABreakerThatOpensAfterALostReply(t *testing.T) {
	for _, tt := range []struct{ call, told, books string }{
		{"authorise", "504 outcome-unknown", "cancelled voided released"},
		{"capture", "504 outcome-unknown", "confirmed captured sold"},
	} {
		t.Run(tt.call, func(t *testing.T) {
			inTown(t, func(w *town) {
				w.config.Payments = upstream.NewPayments(w.Runtime, service.ClientConfig{
					Transport: &link{w.toMoney, w}, Breaker: resilience.BreakerConfig{Failures: 1},
				})
				w.crash() // to begin with this client
				w.faults[tt.call] = &fault{mode: "lost", left: 1}
				w.wantProblem("no reply", w.checkout("k1"), tt.told)
				w.sleep(20 * time.Second)
				want(t, "books", w.books(w.ordersOf("ann")[0]), tt.books)
				w.audit()
			}, resilience.RatioBreaker) // or one lost reply opens nothing
		})
	}
}

// A request to hold that was thought lost comes when there is stock again.
func TestAHoldThatComesAfterItsOrderWasOutOfStock(t *testing.T) {
	inTown(t, func(w *town) {
		w.connect(w.Runtime, 2)
		w.crash()                                                             // to begin with these clients
		one := `{"lines":[{"product":"p0004","quantity":1}],"card":"card-1"}` // the last piece
		last := w.order(w.send("bob", "k1", "/v1/checkout", one))
		w.faults["hold"] = &fault{mode: "late", left: 1}
		w.wantProblem("the second attempt", w.send("ann", "k1", "/v1/checkout", one), "409 out-of-stock /lines/0")
		w.wantStatus("refund", w.send("bob", "k2", "/v1/orders/"+last.ID+"/refund", ""), 200)
		w.sleep(10 * time.Second)
		want(t, "books", w.books(w.ordersOf("ann")[0]), "cancelled none released")
		w.audit()
	})
}

// The hold has expired, its piece is gone and comes back, and then comes a commit that
// was thought lost.
func TestACommitThatComesWhenAllIsUndone(t *testing.T) {
	inTown(t, func(w *town) {
		one := `{"lines":[{"product":"p0004","quantity":1}],"card":"card-1"}` // the last piece
		w.faults["commit"] = &fault{mode: "hang", until: time.Now().Add(time.Hour)}
		w.wantProblem("commit hangs", w.send("ann", "k1", "/v1/checkout", one), "504 outcome-unknown")
		w.sleep(inventory.DefaultHoldTTL + 5*time.Second)
		delete(w.faults, "commit")
		w.faults["release"] = &fault{mode: "refused", until: time.Now().Add(20 * time.Second)}
		other := w.order(w.send("bob", "k1", "/v1/checkout", one))
		w.sleep(10 * time.Second) // the sweeper gives back the money, and cannot release
		w.wantStatus("refund", w.send("bob", "k2", "/v1/orders/"+other.ID+"/refund", ""), 200)
		id := shop.NewReference("ann", "k1").OrderID("")
		if _, err := w.config.Inventory.Commit(w.Task, id); err != nil {
			t.Fatal(err)
		}
		w.sleep(30 * time.Second)
		r, _ := w.store.Order(w.Task, id)
		want(t, "books", w.books(r.Order), "cancelled refunded returned")
		w.audit()
	})
}

func TestManyCheckoutsThroughARoughTime(t *testing.T) {
	for _, attempts := range []int{1, 3} {
		t.Run(fmt.Sprint(attempts, " attempts"), func(t *testing.T) {
			inRoughTown(t, func(w *town) {
				w.connect(w.Runtime, attempts)
				w.crash() // to begin with these clients
				w.manyCheckouts()
			})
		})
	}
}

func (w *town) manyCheckouts() {
	w.as("ann")
	for i, call := range []string{"hold", "release", "authorise", "capture", "void", "commit", "payment"} {
		w.faults[call] = &fault{mode: failures[i%len(failures)], after: i, left: 3}
	}
	var waits []func()
	for i := range 40 {
		waits = append(waits, w.Go("customer", func(c *servicetest.Client) {
			other := *w
			other.Client = c
			for range 4 {
				if a := other.checkout(fmt.Sprint("k", i)); a.Status != 503 && a.Status != 504 {
					break
				}
				_ = c.Task.Sleep(3 * time.Second)
			}
		}))
	}
	for _, wait := range waits {
		wait()
	}
	w.sleep(30 * time.Second)
	w.audit()
	records, _, _ := w.store.Orders(w.Task, gateway.Owner{Tenant: "north"}, 0, 1000)
	confirmed := map[shop.Reference]int{}
	for _, r := range records {
		if r.Order.Status == shop.OrderConfirmed {
			confirmed[r.Order.Reference]++
		}
	}
	for reference, n := range confirmed {
		if n > 1 {
			w.T.Errorf("%s was confirmed %d times", reference, n)
		}
	}
	if len(confirmed) < 30 {
		w.T.Errorf("only %d of 40 checkouts were confirmed", len(confirmed))
	}
}

// TestSameSeedSameRun runs a rough time twice: what happens must not hang on chance.
func TestSameSeedSameRun(t *testing.T) {
	var journals [2][]string
	for i := range journals {
		inRoughTown(t, func(w *town) {
			w.manyCheckouts()
			journals[i] = w.journal
		})
	}
	if len(journals[0]) < 500 || !slices.Equal(journals[0], journals[1]) {
		for i, line := range journals[0] {
			if i >= len(journals[1]) || line != journals[1][i] {
				t.Fatalf("the runs part at %d of %d: %s", i, len(journals[0]), line)
			}
		}
		t.Fatalf("one run has %d events, the other %d", len(journals[0]), len(journals[1]))
	}
}

func TestGatewayOnRedis(t *testing.T) {
	onRedis(t, func(w *town) {
		first, again := w.checkout("k1"), w.checkout("k1")
		w.wantStatus("checkout", first, 201)
		want(w.T, "replay", again.Body, first.Body)
		w.wantStatus("declined", w.send("ann", "k2", "/v1/checkout", basket(shop.DeclinedCard, "p0000")), 402)
		w.faults["hold"] = &fault{mode: "refused", left: 1}
		w.wantStatus("refused", w.checkout("k3"), 503)
		w.wantStatus("tried again", w.checkout("k3"), 201)
		w.wantStatus("refund", w.refund(w.order(first).ID, "k4"), 200)
		want(w.T, "orders", len(w.ordersOf("ann")), 4)
		w.audit()
		for range 100 { // until the events have been read
			if len(w.sales()) == 3 {
				break
			}
			w.sleep(50 * time.Millisecond)
		}
		want(w.T, "sales", w.sales(), []gateway.Sale{
			{Tenant: "north", Status: shop.OrderCancelled, Orders: 2, Total: 796},
			{Tenant: "north", Status: shop.OrderConfirmed, Orders: 2, Total: 796},
			{Tenant: "north", Status: shop.OrderRefunded, Orders: 1, Total: 398},
		})
	})
}

func TestKeysOfWhatNeverBeganAreFree(t *testing.T) {
	inTown(t, func(w *town) {
		w.wantProblem("no such product", w.send("ann", "k1", "/v1/checkout", basket(card, "nope")), "404 not-found /lines/0/product")
		w.wantStatus("another request with its key", w.checkout("k1"), 201)
		w.wantProblem("no such order", w.send("ann", "k2", "/v1/orders/nope/refund", ""), "404 not-found path:id")
		w.wantProblem("declined", w.send("ann", "k2", "/v1/checkout", basket(shop.DeclinedCard, "p0000")), "402 payment-declined")
		undone := shop.NewReference("ann", "k2").OrderID("")
		w.wantProblem("an undone order", w.send("ann", "k3", "/v1/orders/"+undone+"/refund", ""), "409 wrong-state")
		w.wantStatus("another request with its key", w.checkout("k3"), 201)
		w.audit()
	})
}
