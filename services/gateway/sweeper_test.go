package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// leave puts n orders into the store that nobody sees to, with holds that were never
// asked for.
func (w *town) leave(n int) {
	w.T.Helper()
	kit := newOrderKit()
	for i := range n {
		d := kit.draft(fmt.Sprint("left", i), fmt.Sprint("left", i), "x")
		d.Lease = kit.now.Add(-time.Minute)
		if _, err := w.store.Begin(w.Task, d); err != nil {
			w.T.Fatal(err)
		}
	}
}

// taken counts the orders that the sweeper has taken.
func (w *town) taken() (n int) {
	w.T.Helper()
	records, _, err := w.store.Orders(w.Task, gateway.Owner{Tenant: "north"}, 0, 100)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, r := range records {
		if r.Fence > 1 {
			n++
		}
	}
	return n
}

func TestSweeperLeasesWhatItBegins(t *testing.T) {
	for _, tt := range []struct {
		off  []resilience.Name
		want int
	}{{nil, 8}, {[]resilience.Name{resilience.FanOutLimit}, 20}} {
		t.Run(fmt.Sprint(tt.off), func(t *testing.T) {
			inTown(t, func(w *town) {
				w.faults["release"] = &fault{mode: "hang", until: time.Now().Add(3 * time.Second)}
				w.leave(20)
				w.sleep(1500 * time.Millisecond)
				want(t, "taken while the first are worked on", w.taken(), tt.want)
				w.sleep(time.Minute)
				want(t, "taken at last", w.taken(), 20)
				w.audit()
			}, tt.off...)
		})
	}
}

func TestSweeperTakesMoreThanItCanBeginAtOnce(t *testing.T) {
	inTown(t, func(w *town) {
		w.leave(30)
		w.sleep(1500 * time.Millisecond)
		records, _, _ := w.store.Orders(w.Task, gateway.Owner{Tenant: "north"}, 0, 100)
		for _, r := range records {
			want(t, "status of "+r.Order.ID+" after one sweep", r.Order.Status, shop.OrderCancelled)
		}
	})
}
