package gateway

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

func counters(reg prometheus.Registerer, name, help string, labels ...string) *prometheus.CounterVec {
	return telemetry.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "brownout_gateway_" + name, Help: help}, labels))
}

func gauges(reg prometheus.Registerer, name, help string, labels ...string) *prometheus.GaugeVec {
	return telemetry.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "brownout_gateway_" + name, Help: help}, labels))
}

// histograms have buckets from first on, each twice as wide as that before.
func histograms(reg prometheus.Registerer, name, help string, first time.Duration, labels ...string) *telemetry.Histograms {
	return telemetry.NewHistograms(reg, "brownout_gateway_"+name, help, telemetry.Growing(first, 2, 14), labels...)
}

// sagaMetrics show what becomes of orders. Their labels are steps, statuses and the
// outcomes that are named here.
type sagaMetrics struct {
	steps *telemetry.Histograms
	ended *prometheus.CounterVec
	swept *prometheus.CounterVec
	age   *telemetry.Histogram
}

// What became of an order that the sweeper took.
const (
	sweptSettled = "settled"
	sweptFenced  = "fenced" // somebody else has taken it since
	sweptFailed  = "failed" // it will be taken again
)

func newSagaMetrics(reg prometheus.Registerer) *sagaMetrics {
	m := &sagaMetrics{
		steps: histograms(reg, "order_step_seconds", "How long orders were at a step before the next was recorded.", time.Millisecond, "step"),
		ended: counters(reg, "orders_total", "Orders that came to rest, by status.", "status"),
		swept: counters(reg, "swept_orders_total", "Orders that the sweeper took, by what came of it.", "outcome"),
		age:   histograms(reg, "swept_order_age_seconds", "How old orders were when the sweeper took them.", time.Second).Of(),
	}
	for _, outcome := range []string{sweptSettled, sweptFenced, sweptFailed} {
		m.swept.WithLabelValues(outcome)
	}
	for _, status := range []shop.OrderStatus{shop.OrderConfirmed, shop.OrderCancelled, shop.OrderRefunded} {
		m.ended.WithLabelValues(string(status))
	}
	return m
}

// left counts an order that the sweeper took, and how settling it ended.
func (m *sagaMetrics) left(r Record, err error) {
	m.age.Observe(time.Since(r.Order.Created))
	switch {
	case err == nil:
		m.swept.WithLabelValues(sweptSettled).Inc()
	case errors.Is(err, ErrFenced):
		m.swept.WithLabelValues(sweptFenced).Inc()
	default:
		m.swept.WithLabelValues(sweptFailed).Inc()
	}
}

// eventMetrics show how the reading of events goes.
type eventMetrics struct {
	taken *prometheus.CounterVec
	lag   *telemetry.Histogram
}

// What became of an event that was delivered.
const (
	eventCounted = "counted"
	eventLeft    = "left" // to be delivered again
	eventBuried  = "buried"
)

func newEventMetrics(reg prometheus.Registerer) *eventMetrics {
	m := &eventMetrics{
		taken: counters(reg, "events_total", "Deliveries of events, by what came of them.", "outcome"),
		lag:   histograms(reg, "event_lag_seconds", "How old events were when they were counted.", 10*time.Millisecond).Of(),
	}
	for _, outcome := range []string{eventCounted, eventLeft, eventBuried} {
		m.taken.WithLabelValues(outcome)
	}
	return m
}

// outcomes counts how requests of one kind end.
type outcomes struct {
	ok, wrong, reused, limited, invalid, failed prometheus.Counter
}

func newOutcomes(reg prometheus.Registerer, name, help string) *outcomes {
	v := counters(reg, name, help, "outcome")
	return &outcomes{
		ok: v.WithLabelValues("ok"), wrong: v.WithLabelValues("wrong"), reused: v.WithLabelValues("reused"),
		limited: v.WithLabelValues("limited"), invalid: v.WithLabelValues("invalid"), failed: v.WithLabelValues("failed"),
	}
}

// watch makes a handler that counts.
func (o *outcomes) watch(handle service.Handler) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		answer, err := handle(t, r)
		o.of(err).Inc()
		return answer, err
	}
}

func (o *outcomes) of(err error) prometheus.Counter {
	switch {
	case err == nil:
		return o.ok
	case errors.Is(err, ErrTokenReused):
		return o.reused
	}
	switch service.AsError(err).Code {
	case shop.CodeUnauthenticated:
		return o.wrong
	case shop.CodeRateLimited:
		return o.limited
	case shop.CodeInvalid:
		return o.invalid
	}
	return o.failed
}

// cacheMetrics show what one cache is good for.
type cacheMetrics struct {
	hits, misses, stale, evictions prometheus.Counter
	entries                        prometheus.Gauge
	loaded, missing, failed        prometheus.Counter
}

// newCacheMetrics makes the metrics of a cache, whose name is one of few.
func newCacheMetrics(reg prometheus.Registerer, cache string) *cacheMetrics {
	answers := counters(reg, "cache_requests_total", "What was looked for in a cache, by what was found.", "cache", "outcome")
	loads := counters(reg, "cache_loads_total", "Loads of what a cache did not have, by how they ended.", "cache", "outcome")
	return &cacheMetrics{
		hits: answers.WithLabelValues(cache, "hit"), misses: answers.WithLabelValues(cache, "miss"), stale: answers.WithLabelValues(cache, "stale"),
		loaded: loads.WithLabelValues(cache, "ok"), missing: loads.WithLabelValues(cache, "missing"), failed: loads.WithLabelValues(cache, "failed"),
		evictions: counters(reg, "cache_evictions_total", "Entries that went for others, the cache being full.", "cache").WithLabelValues(cache),
		entries:   gauges(reg, "cache_entries", "Entries of a cache.", "cache").WithLabelValues(cache),
	}
}

// load counts a load.
func (m *cacheMetrics) load(e *catalogued, err error) {
	switch {
	case err != nil:
		m.failed.Inc()
	case e.missing:
		m.missing.Inc()
	default:
		m.loaded.Inc()
	}
}
