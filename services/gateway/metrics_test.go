package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// inMeasuredTown runs fn in a town whose gateway's metrics read returns: the value of a
// counter or gauge, or how often a histogram was told something. A series is written as
// name{value,value}, without the prefix.
func inMeasuredTown(t *testing.T, fn func(w *town, read func(series string) float64), off ...resilience.Name) {
	t.Helper()
	inTown(t, func(w *town) {
		reg := prometheus.NewRegistry()
		w.Runtime.Metrics = reg
		w.config.Catalogue = nil
		w.crash()
		fn(w, func(series string) float64 {
			all, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			return seriesOf(all)[series]
		})
	}, off...)
}

func seriesOf(families []*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetValue())
			}
			name := strings.TrimPrefix(f.GetName(), "brownout_gateway_")
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			all[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

func TestMetricsShowOrders(t *testing.T) {
	inMeasuredTown(t, func(w *town, read func(string) float64) {
		w.checkout("k1")
		w.send("ann", "k2", "/v1/checkout", basket(shop.DeclinedCard, "p0000"))
		w.refund(w.order(w.checkout("k3")).ID, "k4")
		for series, wanted := range map[string]float64{
			"orders_total{confirmed}": 2, "orders_total{cancelled}": 1, "orders_total{refunded}": 1,
			"order_step_seconds{hold}": 3, "order_step_seconds{authorise}": 3, "order_step_seconds{capture}": 2,
			"order_step_seconds{commit}": 2, "order_step_seconds{release}": 1, "order_step_seconds{refund}": 1,
		} {
			want(t, series, read(series), wanted)
		}
		w.sleep(time.Second)
		want(t, "events counted", read("events_total{counted}"), 4.0)
		want(t, "lags", read("event_lag_seconds"), 4.0)
	})
}

func TestMetricsShowTheSweeperAndWhatIsLeft(t *testing.T) {
	inMeasuredTown(t, func(w *town, read func(string) float64) {
		w.leave(20)
		w.sleep(20 * time.Second)
		want(t, "open", read("open_orders{hold}"), 20.0)
		if overdue := read("overdue_seconds{hold}"); overdue < 70 || overdue > 85 {
			t.Errorf("overdue for %v s, want about 75", overdue)
		}
		w.faults["release"] = &fault{mode: "refused", left: 3}
		_ = w.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: true})
		w.sleep(20 * time.Second)
		for series, wanted := range map[string]float64{
			"open_orders{hold}": 0, "open_orders{release}": 0, "overdue_seconds{hold}": 0,
			"swept_orders_total{settled}": 20, "swept_orders_total{failed}": 3, "swept_orders_total{fenced}": 0, "swept_order_age_seconds": 23,
		} {
			want(t, series, read(series), wanted)
		}
	}, resilience.Sweeper)
}

func TestMetricsShowPoison(t *testing.T) {
	inMeasuredTown(t, func(w *town, read func(string) float64) {
		for range 2 {
			if err := w.store.Publish(w.Task, []byte("poison")); err != nil {
				t.Fatal(err)
			}
		}
		w.sleep(6 * time.Second)
		want(t, "uncounted", read("uncounted_events"), 2.0)
		w.sleep(20 * time.Second)
		for series, wanted := range map[string]float64{
			"uncounted_events": 0, "undelivered_events": 0, "dead_letters": 2, "events_total{left}": 8, "events_total{buried}": 2,
		} {
			want(t, series, read(series), wanted)
		}
		w.faults["store: deliver"] = &fault{mode: "refused", until: time.Now().Add(time.Minute)}
		w.checkout("k1")
		w.sleep(6 * time.Second)
		want(t, "undelivered", read("undelivered_events"), 1.0)
	})
}

func TestMetricsShowLogins(t *testing.T) {
	inMeasuredTown(t, func(w *town, read func(string) float64) {
		first := w.login("ann").RefreshToken
		w.renew("/v1/refresh", first)
		w.renew("/v1/refresh", first)
		w.renew("/v1/refresh", "forged")
		w.renew("/v1/refresh", "")
		w.logins(25, func(int) string { return "bob" })
		w.Do("POST", "/v1/login", "{}")
		w.faults["store: open"] = &fault{mode: "refused", left: 1}
		w.Do("POST", "/v1/login", fmt.Sprintf(`{"user":"eve","password":%q}`, password))
		for series, wanted := range map[string]float64{
			"logins_total{ok}": 1, "logins_total{wrong}": 20, "logins_total{limited}": 5, "logins_total{invalid}": 1, "logins_total{failed}": 1,
			"refreshes_total{ok}": 1, "refreshes_total{reused}": 1, "refreshes_total{wrong}": 1, "refreshes_total{invalid}": 1,
		} {
			want(t, series, read(series), wanted)
		}
	})
}

func TestMetricsShowTheCaches(t *testing.T) {
	inMeasuredTown(t, func(w *town, read func(string) float64) {
		w.warm()
		for _, target := range []string{"p0001", "p0001", "nope", "nope"} {
			w.Do("GET", "/v1/products/"+target, "")
		}
		w.get("ann", "/v1/orders")
		w.get("ann", "/v1/orders")
		w.sleep(3 * time.Second)
		w.faults["product"] = &fault{mode: "refused", left: 1}
		w.Do("GET", "/v1/products/p0001", "")
		for i := range 300 {
			w.Do("GET", fmt.Sprint("/v1/products/x", i), "")
		}
		for series, wanted := range map[string]float64{
			"cache_requests_total{products,hit}": 1, "cache_requests_total{products,miss}": 303, "cache_requests_total{products,stale}": 1,
			"cache_requests_total{missing,hit}": 1, "cache_requests_total{first-pages,miss}": 1,
			"cache_loads_total{products,ok}": 1, "cache_loads_total{products,missing}": 301, "cache_loads_total{products,failed}": 1,
			"cache_entries{products}": 1, "cache_entries{missing}": 256, "cache_evictions_total{missing}": 45, "cache_evictions_total{products}": 0,
			"cache_requests_total{tokens,miss}": 1, "cache_requests_total{tokens,hit}": 1, "cache_entries{tokens}": 1,
		} {
			want(t, series, read(series), wanted)
		}
	})
}
