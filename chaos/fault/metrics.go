package fault

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// A tally counts what the injections of one kind have hit, since the process began.
type tally struct{ hits atomic.Uint64 }

// A collector shows an injector to Prometheus: every kind from the start, so that a
// series begins before its fault does.
type collector struct {
	injector     *Injector
	active, hits *prometheus.Desc
}

func newCollector(in *Injector) *collector {
	label := []string{"fault"}
	return &collector{
		injector: in,
		active:   prometheus.NewDesc("chaos_fault_active", "Injections of a fault that are active now.", label, nil),
		hits:     prometheus.NewDesc("chaos_fault_hits_total", "How often a fault did harm.", label, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.active
	to <- c.hits
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	active := map[string]float64{}
	for _, s := range c.injector.List() {
		active[s.Spec.Fault]++
	}
	for _, k := range c.injector.kinds {
		hits := c.injector.tallies[k.Name].hits.Load()
		to <- prometheus.MustNewConstMetric(c.active, prometheus.GaugeValue, active[k.Name], k.Name)
		to <- prometheus.MustNewConstMetric(c.hits, prometheus.CounterValue, float64(hits), k.Name)
	}
}
