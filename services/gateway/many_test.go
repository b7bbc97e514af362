package gateway_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

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
