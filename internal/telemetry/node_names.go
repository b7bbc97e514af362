package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A nodeCollector shows a loop by the names that prom-client has for the loop of a Node service,
// so that a dashboard made for those works with this one. There, lag is by how much a callback
// is late, and its figures are of the time since the last scrape; here, of the last 10 to 20 s.
type nodeCollector struct {
	metrics          atomic.Pointer[LoopMetrics] // nil before there are any
	lag, utilization *prometheus.Desc
	figures          []nodeFigure
}

// A nodeFigure is one of the figures of the lag.
type nodeFigure struct {
	desc *prometheus.Desc
	of   func(spread) time.Duration
}

func newNodeCollector() *nodeCollector {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("nodejs_eventloop_"+name, help, nil, nil)
	}
	figure := func(name, help string, of func(spread) time.Duration) nodeFigure {
		return nodeFigure{describe("lag_"+name+"_seconds", help+" of the last 10 to 20 s, by prom-client's name."), of}
	}
	return &nodeCollector{
		lag:         describe("lag_seconds", "How late the last timer fired, or how long the turn that runs has been working, if that is longer, by prom-client's name."),
		utilization: describe("utilization", "Share of the last 10 to 20 s in which the loop was active, by prom-client's name."),
		figures: []nodeFigure{
			figure("min", "The lowest event loop delay", func(s spread) time.Duration { return s.lowest }),
			figure("max", "The highest event loop delay", func(s spread) time.Duration { return s.highest }),
			figure("mean", "The mean event loop delay", func(s spread) time.Duration { return s.mean }),
			figure("stddev", "The standard deviation of the event loop delays", func(s spread) time.Duration { return s.deviation }),
			figure("p50", "The median event loop delay", func(s spread) time.Duration { return s.p50 }),
			figure("p90", "The 90th percentile of the event loop delays", func(s spread) time.Duration { return s.p90 }),
			figure("p99", "The 99th percentile of the event loop delays", func(s spread) time.Duration { return s.p99 }),
		},
	}
}

// Describe implements prometheus.Collector.
func (c *nodeCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.lag
	to <- c.utilization
	for _, f := range c.figures {
		to <- f.desc
	}
}

// Collect implements prometheus.Collector. It does not involve the loop.
func (c *nodeCollector) Collect(to chan<- prometheus.Metric) {
	m := c.metrics.Load()
	if m == nil {
		return
	}
	gauge(to, c.lag, m.lag().Seconds())
	gauge(to, c.utilization, m.windows.utilisation())
	s := m.windows.spread()
	for _, f := range c.figures {
		gauge(to, f.desc, f.of(s).Seconds())
	}
}
