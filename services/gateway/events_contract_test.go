package gateway_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

func TestStoreDeliversEventsUntilTheyAreCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		none, err := s.Lag(task, 10)
		wantErr(t, "lag", err, nil)
		want(t, "lag of nothing", none, gateway.Lag{})
		for i := range 3 {
			wantErr(t, "publish", s.Publish(task, []byte(fmt.Sprint("event ", i))), nil)
		}
		deliver := func(idle time.Duration, limit int, want ...string) []gateway.Delivery {
			t.Helper()
			batch, err := s.Deliver(task, "c", idle, limit)
			wantErr(t, "deliver", err, nil)
			var got []string
			for _, d := range batch {
				got = append(got, fmt.Sprintf("%s (%d)", d.Body, d.Deliveries))
			}
			if !slices.Equal(got, want) {
				t.Errorf("delivered %q, want %q", got, want)
			}
			return batch
		}
		lag := func(what string, limit int, wanted gateway.Lag) {
			t.Helper()
			got, err := s.Lag(task, limit)
			wantErr(t, what, err, nil)
			want(t, what, got, wanted)
		}
		lag("nobody has asked", 10, gateway.Lag{Undelivered: 3})
		lag("of which two are looked at", 2, gateway.Lag{Undelivered: 2})
		deliver(time.Hour, 2, "event 0 (1)", "event 1 (1)")
		lag("two are delivered", 10, gateway.Lag{Undelivered: 1, Uncounted: 2})
		all := deliver(0, 3, "event 0 (2)", "event 1 (2)", "event 2 (1)")
		if len(all) < 3 {
			return
		}
		sale := gateway.Sale{Tenant: "north", Status: shop.OrderConfirmed, Orders: 1, Total: 100}
		for _, id := range []string{all[0].ID, all[0].ID, all[2].ID} {
			wantErr(t, "count", s.Count(task, id, sale), nil)
		}
		for range 2 {
			wantErr(t, "bury", s.Bury(task, all[1], "poison"), nil)
		}
		deliver(0, 3)
		lag("all are counted or buried", 10, gateway.Lag{})
		sales, err := s.Sales(task)
		wantErr(t, "sales", err, nil)
		want(t, "sales", sales, []gateway.Sale{{Tenant: "north", Status: shop.OrderConfirmed, Orders: 2, Total: 200}})
		dead, err := s.Dead(task)
		wantErr(t, "dead", err, nil)
		want(t, "dead", dead, int64(1))
	})
}
