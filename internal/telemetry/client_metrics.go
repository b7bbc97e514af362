package telemetry

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxCalls bounds the pairs of downstream and call that have series of their own.
	maxCalls = 256
	// maxOutcomes bounds the outcomes that have, of each call.
	maxOutcomes = 16
)

// ClientMetrics are the metrics of the calls to other services. Any goroutine may
// call its methods.
type ClientMetrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec

	calls sync.Map // callName -> *callMetrics
	known atomic.Int64
}

type callName struct{ downstream, call string }

// callMetrics are the metrics of one call.
type callMetrics struct {
	name     callName
	duration prometheus.Observer
	counters sync.Map // attemptKind -> prometheus.Counter
	known    atomic.Int64
}

// An attemptKind is how attempts are told apart: first ones from retries, and by what
// became of them.
type attemptKind struct {
	retry   bool
	outcome string
}

// NewClientMetrics makes the metrics of calls. All that are made with one registerer
// count together. With a nil registerer they count, but nobody sees it.
func NewClientMetrics(reg prometheus.Registerer) *ClientMetrics {
	return &ClientMetrics{
		attempts: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_client_attempts_total", Help: "Attempts of calls to other services; kind tells a first one from a retry.",
		}, []string{"downstream", "call", "kind", "outcome"})),
		duration: register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "brownout_client_attempt_duration_seconds", Buckets: durationBuckets(),
			Help: "How long attempts of calls to other services took.",
		}, []string{"downstream", "call"})),
	}
}

// Observe counts an attempt of a call, the first of which is attempt 1. Names and
// outcomes are constants of the program; those beyond 256 calls, or 16 outcomes of
// one, are counted as "other".
func (m *ClientMetrics) Observe(downstream, call string, attempt int, outcome string, d time.Duration) {
	c := m.call(callName{downstream, call})
	c.duration.Observe(d.Seconds())
	m.counter(c, attemptKind{attempt > 1, outcome}).Inc()
}

func (m *ClientMetrics) call(name callName) *callMetrics {
	if c, ok := m.calls.Load(name); ok {
		return c.(*callMetrics)
	}
	if name != (callName{other, other}) && !admit(&m.known, maxCalls) {
		return m.call(callName{other, other})
	}
	c, _ := m.calls.LoadOrStore(name, &callMetrics{name: name, duration: m.duration.WithLabelValues(name.downstream, name.call)})
	return c.(*callMetrics)
}

func (m *ClientMetrics) counter(c *callMetrics, k attemptKind) prometheus.Counter {
	if counter, ok := c.counters.Load(k); ok {
		return counter.(prometheus.Counter)
	}
	if k.outcome != other && !admit(&c.known, 2*maxOutcomes) {
		return m.counter(c, attemptKind{k.retry, other})
	}
	kind := "first"
	if k.retry {
		kind = "retry"
	}
	counter, _ := c.counters.LoadOrStore(k, m.attempts.WithLabelValues(c.name.downstream, c.name.call, kind, k.outcome))
	return counter.(prometheus.Counter)
}

// admit takes one of the places that are left, if any is.
func admit(taken *atomic.Int64, most int64) bool {
	for {
		n := taken.Load()
		if n >= most {
			return false
		}
		if taken.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
