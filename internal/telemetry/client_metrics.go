package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxCalls bounds the pairs of downstream and call that have series of their own.
	maxCalls = 256
	// maxOutcomes bounds the outcomes of one call that have, of first attempts and
	// of retries.
	maxOutcomes = 32
)

// ClientMetrics are the metrics of the calls to other services. Any goroutine may
// call its methods; those of nil do nothing.
type ClientMetrics struct {
	attempts *prometheus.CounterVec
	duration *Histograms
	late     *prometheus.CounterVec
	calls    table[callName, *callMetrics]
}

type callName struct{ downstream, call string }

// callMetrics are the metrics of one call.
type callMetrics struct {
	name     callName
	duration *Histogram
	late     prometheus.Counter
	counters table[attemptKind, prometheus.Counter]
}

// An attemptKind is how attempts are told apart: first ones from retries, and by what
// became of them.
type attemptKind struct {
	retry   bool
	outcome string
}

// NewClientMetrics makes the metrics of calls. All that are made with one registerer
// count together. With a nil registerer they are nil: nothing is counted that nobody sees.
func NewClientMetrics(reg prometheus.Registerer) *ClientMetrics {
	if reg == nil {
		return nil
	}
	return &ClientMetrics{
		attempts: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_client_attempts_total", Help: "Attempts of calls to other services; kind tells a first one from a retry.",
		}, []string{"downstream", "call", "kind", "outcome"})),
		duration: NewHistograms(reg, "brownout_client_attempt_duration_seconds", "How long attempts of calls to other services took.", nil, "downstream", "call"),
		late: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_client_late_attempts_total",
			Help: "Attempts of calls to other services that were sent for callers who had left, by what those said when they came.",
		}, []string{"downstream", "call"})),
	}
}

// Observe counts an attempt of a call, the first of which is attempt 1. Names and
// outcomes are constants of the program; those beyond 256 calls, or 32 outcomes of
// one, are counted as "other".
func (m *ClientMetrics) Observe(downstream, call string, attempt int, outcome string, d time.Duration) {
	if m == nil {
		return
	}
	c := m.call(callName{downstream, call})
	c.duration.Observe(d)
	m.counter(c, attemptKind{attempt > 1, outcome}).Inc()
}

// Late counts an attempt that was sent for a caller who had left. Names are as for Observe.
func (m *ClientMetrics) Late(downstream, call string) {
	if m != nil {
		m.call(callName{downstream, call}).late.Inc()
	}
}

func (m *ClientMetrics) call(name callName) *callMetrics {
	if c, ok := m.calls.find(name); ok {
		return c
	}
	return m.calls.add(name, callName{other, other}, maxCalls, func(name callName) *callMetrics {
		labels := []string{name.downstream, name.call}
		return &callMetrics{name: name, duration: m.duration.Of(labels...), late: m.late.WithLabelValues(labels...)}
	})
}

func (m *ClientMetrics) counter(c *callMetrics, k attemptKind) prometheus.Counter {
	if counter, ok := c.counters.find(k); ok {
		return counter
	}
	return c.counters.add(k, attemptKind{k.retry, other}, maxOutcomes, func(k attemptKind) prometheus.Counter {
		return m.attempts.WithLabelValues(c.name.downstream, c.name.call, k.String(), k.outcome)
	})
}

// String returns the label that tells first attempts from retries.
func (k attemptKind) String() string {
	if k.retry {
		return "retry"
	}
	return "first"
}
