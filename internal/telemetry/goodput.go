package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// GoodputMetrics tell which requests were answered rightly, and while that was of use to somebody:
// the rest is work for nothing. Any goroutine may call Observe; that of nil does nothing.
type GoodputMetrics struct {
	routes map[string]*goodput // not changed once it is made
}

// goodput counts the answers of one route.
type goodput struct {
	patience          time.Duration
	good, late, wrong prometheus.Counter
}

// NewGoodputMetrics makes the metrics of the routes whose clients wait no longer than is said here;
// nil if there are none, or no registerer.
func NewGoodputMetrics(reg prometheus.Registerer, patience map[string]time.Duration) *GoodputMetrics {
	if len(patience) == 0 || reg == nil {
		return nil
	}
	answers := register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_goodput_requests_total",
		Help: "Answers, by verdict: good, late for the client's patience, or wrong: a failure, or a refusal for want of room.",
	}, []string{"route", "verdict"}))
	m := &GoodputMetrics{routes: map[string]*goodput{}}
	for route, p := range patience {
		of := func(verdict string) prometheus.Counter { return answers.WithLabelValues(route, verdict) }
		m.routes[route] = &goodput{patience: p, good: of("good"), late: of("late"), wrong: of("wrong")}
	}
	return m
}

// Observe counts the answer to a request: its status, and how long it took. Routes that have no
// patience are not counted.
func (m *GoodputMetrics) Observe(route string, status int, d time.Duration) {
	if m == nil {
		return
	}
	if g := m.routes[route]; g != nil {
		g.verdict(status, d).Inc()
	}
}

// verdict is how an answer counts. That a client asked for what cannot be is told it rightly; that
// too many ask is no answer to what it asked.
func (g *goodput) verdict(status int, d time.Duration) prometheus.Counter {
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return g.wrong
	case d > g.patience:
		return g.late
	}
	return g.good
}
