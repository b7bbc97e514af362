package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
)

const (
	// backlogEvery is between two looks at what the stores have waiting.
	backlogEvery = 5 * time.Second
	// maxBacklog bounds what is looked at.
	maxBacklog = 1000
)

// A watcher shows what waits in the store, whoever may be to blame: orders under way,
// events that were not counted yet, and those that never will be.
type watcher struct {
	store                        Store
	open, overdue                *prometheus.GaugeVec
	undelivered, uncounted, dead prometheus.Gauge
}

func newWatcher(reg prometheus.Registerer, store Store) *watcher {
	return &watcher{
		store:       store,
		open:        gauges(reg, "open_orders", "Orders under way by step, of the first 1,000 to become overdue.", "step"),
		overdue:     gauges(reg, "overdue_seconds", "For how long nobody has seen to the order at the step that was left longest; 0 if none was.", "step"),
		undelivered: gauges(reg, "undelivered_events", "Events that were not delivered yet, up to 1,000.").WithLabelValues(),
		uncounted:   gauges(reg, "uncounted_events", "Events that were delivered, and neither counted nor buried.").WithLabelValues(),
		dead:        gauges(reg, "dead_letters", "Events that were buried.").WithLabelValues(),
	}
}

// watch looks once.
func (w *watcher) watch(t *loop.Task) error {
	standing, err := w.store.Backlog(t, maxBacklog)
	if err != nil {
		return err
	}
	w.showOrders(standing, time.Now())
	lag, err := w.store.Lag(t, maxBacklog)
	if err != nil {
		return err
	}
	dead, err := w.store.Dead(t)
	w.undelivered.Set(float64(lag.Undelivered))
	w.uncounted.Set(float64(lag.Uncounted))
	w.dead.Set(float64(dead))
	return err
}

func (w *watcher) showOrders(standing map[Step]Backlog, now time.Time) {
	for _, step := range steps() {
		b, overdue := standing[step], 0.0
		if b.Orders > 0 {
			overdue = max(0, now.Sub(b.Lease).Seconds())
		}
		w.open.WithLabelValues(string(step)).Set(float64(b.Orders))
		w.overdue.WithLabelValues(string(step)).Set(overdue)
	}
}
