package telemetry

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The statuses that HTTP knows; any other is counted as "other".
const (
	minStatus = 100
	maxStatus = 599
)

// HTTPMetrics are the metrics of the requests that a service answers. Any goroutine
// may call its methods; those of nil do nothing.
type HTTPMetrics struct {
	requests *prometheus.CounterVec
	routes   map[string]*routeMetrics // not changed once it is made
	other    *routeMetrics
}

// routeMetrics are the metrics of one route.
type routeMetrics struct {
	name     string
	duration *Histogram
	arrivals *peak
	// statuses are looked up when they first occur; the last is that of others.
	statuses [maxStatus - minStatus + 2]atomic.Pointer[prometheus.Counter]
}

// NewHTTPMetrics makes the metrics of a service's routes; requests of any other route
// are counted as those of "other". With a nil registerer they are nil: nothing is counted
// that nobody sees.
func NewHTTPMetrics(reg prometheus.Registerer, routes []string) *HTTPMetrics {
	if reg == nil {
		return nil
	}
	duration := NewHistograms(reg, "brownout_http_request_duration_seconds", "Time from the last byte of a request to its answer.", nil, "route")
	m := &HTTPMetrics{routes: map[string]*routeMetrics{}, requests: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_http_requests_total", Help: "Requests that were answered.",
	}, []string{"route", "status"}))}
	arrivals := register(reg, newPeakCollector())
	of := func(route string) *routeMetrics {
		return &routeMetrics{name: route, duration: duration.Of(route), arrivals: arrivals.of(route)}
	}
	m.other = of(other)
	for _, name := range routes {
		m.routes[name] = of(name)
	}
	return m
}

// Arrive counts a request that has come to a route at a time, whatever becomes of it.
func (m *HTTPMetrics) Arrive(route string, at time.Time) {
	if m != nil {
		m.of(route).arrivals.add(at)
	}
}

// Observe counts a request to a route, the status of its answer, and how long that
// took.
func (m *HTTPMetrics) Observe(route string, status int, d time.Duration) {
	if m == nil {
		return
	}
	r := m.of(route)
	r.duration.Observe(d)
	m.counter(r, status).Inc()
}

// ObserveTraced is Observe for a request whose trace is kept: it is an example of how long that
// took, and who sees the one finds the other.
func (m *HTTPMetrics) ObserveTraced(route string, status int, d time.Duration, t *Trace) {
	if m == nil {
		return
	}
	r := m.of(route)
	r.duration.ObserveTraced(d, t)
	m.counter(r, status).Inc()
}

func (m *HTTPMetrics) of(route string) *routeMetrics {
	if r := m.routes[route]; r != nil {
		return r
	}
	return m.other
}

func (m *HTTPMetrics) counter(r *routeMetrics, status int) prometheus.Counter {
	place := status - minStatus
	if status < minStatus || status > maxStatus {
		place = len(r.statuses) - 1
	}
	if c := r.statuses[place].Load(); c != nil {
		return *c
	}
	c := m.requests.WithLabelValues(r.name, statusLabel(status))
	r.statuses[place].Store(&c)
	return c
}

func statusLabel(status int) string {
	if status < minStatus || status > maxStatus {
		return other
	}
	return strconv.Itoa(status)
}
