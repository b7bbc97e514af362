package gateway_test

import (
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

func (w *town) sales() []gateway.Sale {
	w.T.Helper()
	sales, err := w.store.Sales(w.Task)
	if err != nil {
		w.T.Error(err)
	}
	return sales
}

func TestSalesAreCountedOnce(t *testing.T) {
	inTown(t, func(w *town) {
		w.faults["store: count"] = &fault{mode: "lost", left: 2}
		w.faults["store: deliver"] = &fault{mode: "lost", after: 2, left: 1}
		o := w.order(w.checkout("k1"))
		w.checkout("k2")
		w.send("eve", "k1", "/v1/checkout", basket(card, "p0000"))
		w.send("bob", "k1", "/v1/checkout", basket(shop.DeclinedCard, "p0000"))
		w.refund(o.ID, "k3")
		w.sleep(20 * time.Second)
		want(t, "sales", w.sales(), []gateway.Sale{
			{Tenant: "north", Status: shop.OrderCancelled, Orders: 1, Total: 398},
			{Tenant: "north", Status: shop.OrderConfirmed, Orders: 2, Total: 796},
			{Tenant: "north", Status: shop.OrderRefunded, Orders: 1, Total: 398},
			{Tenant: "south", Status: shop.OrderConfirmed, Orders: 1, Total: 398},
		})
	})
}

func TestPoisonIsBuried(t *testing.T) {
	for _, tt := range []struct {
		off  []resilience.Name
		dead int64
	}{{nil, 3}, {[]resilience.Name{resilience.DeadLetter}, 0}} {
		inTown(t, func(w *town) {
			for _, body := range []string{`{"order":`, `{"order":"o","customer":"c","tenant":"a/b","status":"confirmed","total":1}`, `{"tenant":"north","status":"lost"}`} {
				if err := w.store.Publish(w.Task, []byte(body)); err != nil {
					t.Fatal(err)
				}
			}
			w.checkout("k1")
			w.sleep(7 * time.Second)
			dead, _ := w.store.Dead(w.Task)
			want(t, "dead too early", dead, int64(0))
			w.sleep(10 * time.Second)
			dead, _ = w.store.Dead(w.Task)
			want(t, "dead", dead, tt.dead)
			want(t, "sales", len(w.sales()), 1)
			left, err := w.store.Deliver(w.Task, "test", 0, 10)
			wantErr(t, "deliver", err, nil)
			want(t, "left", int64(len(left)), 3-tt.dead)
			for _, d := range left {
				if d.Deliveries < 8 {
					t.Errorf("delivered %d times only", d.Deliveries)
				}
			}
		}, tt.off...)
	}
}
