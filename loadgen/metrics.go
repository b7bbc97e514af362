package loadgen

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/chaos/evidence"
	"brownout/internal/telemetry"
)

// lateStart is how late a request may begin before that counts: more than timers and the
// scheduler take on a machine that is not overloaded.
const lateStart = 10 * time.Millisecond

// Metrics show what comes of a load while it lasts. An Attacker fills them; any goroutine may.
// Nil Metrics take nothing.
type Metrics struct {
	patience   evidence.Patience
	routes     map[string]*routeMetrics // not changed once it is made
	other      *routeMetrics
	lateStarts prometheus.Counter
}

// routeMetrics are those of one route.
type routeMetrics struct {
	scheduled                   prometheus.Counter
	good, late, refused, failed prometheus.Counter
	latency                     *telemetry.Histogram
}

// NewMetrics makes the metrics of a load that takes some routes, whose clients have some patience;
// all other routes count as one. With a nil registerer nobody sees them.
func NewMetrics(reg prometheus.Registerer, p evidence.Patience, routes []string) *Metrics {
	scheduled := telemetry.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_load_scheduled_total", Help: "Requests that came due; of several agents, once they have ended.",
	}, []string{"route"}))
	samples := telemetry.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_load_samples_total",
		Help: "Attempts that ended, by outcome: good, late for the client's patience, refused, or failed, which is without an answer, too, and never sent.",
	}, []string{"route", "outcome"}))
	latency := telemetry.NewHistograms(reg, "brownout_load_latency_seconds", "From when a request was due to the end of an attempt that was sent, and not refused.", nil, "route")
	m := &Metrics{patience: p, routes: map[string]*routeMetrics{}, lateStarts: telemetry.Register(reg, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "brownout_load_late_starts_total", Help: "Requests that began more than 10 ms after they were due, for the generator was late.",
	}))}
	of := func(route string) *routeMetrics {
		outcome := func(name string) prometheus.Counter { return samples.WithLabelValues(route, name) }
		return &routeMetrics{
			scheduled: scheduled.WithLabelValues(route), latency: latency.Of(route),
			good: outcome("good"), late: outcome("late"), refused: outcome("refused"), failed: outcome("failed"),
		}
	}
	m.other = of(others)
	for _, route := range routes {
		m.routes[route] = of(route)
	}
	return m
}

func (m *Metrics) of(route string) *routeMetrics {
	if r := m.routes[route]; r != nil {
		return r
	}
	return m.other
}

// begin counts a request that came due and begins so much later.
func (m *Metrics) begin(route string, late time.Duration) {
	if m == nil {
		return
	}
	m.of(route).scheduled.Inc()
	if late > lateStart {
		m.lateStarts.Inc()
	}
}

// end counts an attempt that has ended.
func (m *Metrics) end(s *evidence.Sample) {
	if m == nil {
		return
	}
	r := m.of(s.Route)
	r.outcome(s, m.patience.Of(s.Route)).Inc()
	if s.Outcome == evidence.Acknowledged || s.Outcome == evidence.Unknown {
		r.latency.Observe(s.Latency)
	}
}

// outcome is what an attempt counts as.
func (r *routeMetrics) outcome(s *evidence.Sample, patience time.Duration) prometheus.Counter {
	switch {
	case s.Outcome == evidence.Refused:
		return r.refused
	case s.Outcome != evidence.Acknowledged:
		return r.failed
	case s.Latency > patience:
		return r.late
	}
	return r.good
}

// Merge counts what another process tells, with latencies to 3 digits. An error says what is wrong with that; then nothing is counted.
func (m *Metrics) Merge(p Pulse) error {
	if m == nil {
		return nil
	}
	routes, err := p.read()
	if err != nil {
		return err
	}
	m.lateStarts.Add(float64(p.LateStarts))
	for name, told := range routes {
		m.of(name).merge(told)
	}
	return nil
}

func (r *routeMetrics) merge(told readPulse) {
	r.scheduled.Add(float64(told.Scheduled))
	r.good.Add(float64(told.Good))
	r.late.Add(float64(told.Late))
	r.refused.Add(float64(total(told.refused)))
	r.failed.Add(float64(told.Unknown + told.Unsent))
	if told.served == nil {
		return
	}
	for _, b := range told.served.Distribution() {
		if b.Count > 0 {
			r.latency.ObserveMany(time.Duration(b.From+b.To)/2, b.Count)
		}
	}
}
