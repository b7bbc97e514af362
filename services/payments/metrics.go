package payments

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what came of the instructions to banks.
type metrics struct {
	outcomes map[Operation]*[outcomeNothing + 1]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_payments_instructions_total",
		Help: "Instructions to banks, by operation and by what is known of their effect.",
	}, []string{"operation", "outcome"})
	if reg != nil {
		v = register(reg, v)
	}
	m := &metrics{outcomes: map[Operation]*[outcomeNothing + 1]prometheus.Counter{}}
	for _, o := range operations() {
		var counters [outcomeNothing + 1]prometheus.Counter
		for what := range counters {
			counters[what] = v.WithLabelValues(string(o), outcome(what).String())
		}
		m.outcomes[o] = &counters
	}
	return m
}

// register registers a vector, or finds the one of an earlier life of the service.
func register(reg prometheus.Registerer, v *prometheus.CounterVec) *prometheus.CounterVec {
	err := reg.Register(v)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return there.ExistingCollector.(*prometheus.CounterVec)
	}
	if err != nil {
		panic(err) // a name that is malformed, or another's
	}
	return v
}

// count counts an instruction. On the loop only.
func (m *metrics) count(o Operation, what outcome) { m.outcomes[o][what].Inc() }
