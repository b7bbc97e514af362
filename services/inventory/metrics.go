package inventory

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// censusEvery is between two looks at what the store has.
const censusEvery = 5 * time.Second

// metrics show the holds of the store, and what becomes of them.
type metrics struct {
	holds   *prometheus.GaugeVec
	overdue prometheus.Gauge
	expired prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	return &metrics{
		holds: telemetry.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "brownout_inventory_holds", Help: "Holds, by status.",
		}, []string{"status"})),
		overdue: telemetry.Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "brownout_inventory_overdue_hold_seconds", Help: "How long ago the hold that should have expired first was due; 0 if none is.",
		})),
		expired: telemetry.Register(reg, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "brownout_inventory_expired_holds_total", Help: "Holds that the sweeper expired.",
		})),
	}
}

// waitMetrics show how long work waits for a worker, by importance.
type waitMetrics struct{ critical, normal, batch *telemetry.Histogram }

func newWaitMetrics(reg prometheus.Registerer) waitMetrics {
	waits := telemetry.NewHistograms(reg, "brownout_inventory_wait_seconds", "How long work waited until it had a worker, or gave up, by importance.",
		telemetry.Growing(time.Millisecond, 1.5, 24), "importance") // to 11 s
	of := func(i resilience.Importance) *telemetry.Histogram { return waits.Of(i.String()) }
	return waitMetrics{critical: of(resilience.Critical), normal: of(resilience.Normal), batch: of(resilience.Batch)}
}

func (m waitMetrics) observe(i resilience.Importance, waited time.Duration) {
	to := m.normal
	switch i {
	case resilience.Critical:
		to = m.critical
	case resilience.Batch:
		to = m.batch
	}
	to.Observe(waited)
}

// holdStatuses are those that a hold which is there may have.
func holdStatuses() []shop.HoldStatus {
	return []shop.HoldStatus{shop.Held, shop.Sold, shop.Released, shop.Expired, shop.Returned}
}

// count takes a census.
func (s *Inventory) count(t *loop.Task) error {
	c, err := s.store.Census(t)
	if err != nil {
		return err
	}
	for _, status := range holdStatuses() {
		s.metrics.holds.WithLabelValues(string(status)).Set(float64(c.Holds[status]))
	}
	overdue := 0.0
	if !c.Due.IsZero() {
		overdue = max(0, time.Since(c.Due).Seconds())
	}
	s.metrics.overdue.Set(overdue)
	return nil
}
