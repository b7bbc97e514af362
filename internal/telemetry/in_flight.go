package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// InFlightMetrics tell how many requests were under way at once at most, in this second and
// the one before it: a crowd that comes and goes between two looks is seen all the same.
// Any goroutine may call its methods; Note of nil does nothing.
type InFlightMetrics struct {
	desc *prometheus.Desc
	most [2]atomic.Uint64 // of the seconds that are even and odd: the second, and how many
}

// NewInFlightMetrics makes the metrics. All that are made with one registerer are the same.
// With a nil registerer they are nil.
func NewInFlightMetrics(reg prometheus.Registerer) *InFlightMetrics {
	if reg == nil {
		return nil
	}
	return register(reg, &InFlightMetrics{desc: prometheus.NewDesc(
		"brownout_http_in_flight_peak", "The most requests that were under way at once, in this second and the last.", nil, nil)})
}

// Note takes how many requests, no less than 0, are under way now that another has come.
func (m *InFlightMetrics) Note(n int, now time.Time) {
	if m == nil {
		return
	}
	most, noted := m.slot(now), pack(now, n)
	for {
		old := most.Load()
		if old >= noted { // of the same second with as many, or of a later one
			return
		}
		if most.CompareAndSwap(old, noted) {
			return
		}
	}
}

func (m *InFlightMetrics) slot(at time.Time) *atomic.Uint64 { return &m.most[at.Unix()&1] }

// pack makes one number of a second and a count, greater for a later second.
func pack(at time.Time, n int) uint64 { return uint64(at.Unix())<<32 | uint64(uint32(n)) }

// within is the count of a second that at is in; 0 if there is none.
func (m *InFlightMetrics) within(at time.Time) int {
	most := m.slot(at).Load()
	if most>>32 != uint64(uint32(at.Unix())) {
		return 0
	}
	return int(uint32(most))
}

// Describe implements prometheus.Collector.
func (m *InFlightMetrics) Describe(to chan<- *prometheus.Desc) { to <- m.desc }

// Collect implements prometheus.Collector.
func (m *InFlightMetrics) Collect(to chan<- prometheus.Metric) {
	now := time.Now()
	gauge(to, m.desc, float64(max(m.within(now), m.within(now.Add(-time.Second)))))
}
