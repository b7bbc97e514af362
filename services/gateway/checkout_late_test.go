package gateway_test

import (
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
)

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
