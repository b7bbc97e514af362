package payments

import (
	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/telemetry"
)

// metrics counts what came of the instructions to banks.
type metrics struct {
	outcomes map[Operation]*[outcomeNothing + 1]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	v := telemetry.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_payments_instructions_total",
		Help: "Instructions to banks, by operation and by what is known of their effect.",
	}, []string{"operation", "outcome"}))
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

// count counts an instruction. On the loop only.
func (m *metrics) count(o Operation, what outcome) { m.outcomes[o][what].Inc() }
