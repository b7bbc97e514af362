package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
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

func (w *town) ordersOf(user string) []shop.Order {
	w.T.Helper()
	return decode[shop.OrderPage](w.T, w.get(user, "/v1/orders").Body).Orders
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
