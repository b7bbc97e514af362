package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A peakCollector collects the peaks of routes.
type peakCollector struct {
	desc *prometheus.Desc

	mu    sync.Mutex
	peaks map[string]*peak // by route
}

func newPeakCollector() *peakCollector {
	return &peakCollector{peaks: map[string]*peak{}, desc: prometheus.NewDesc(
		"brownout_http_arrivals_peak", "The most requests that came within a tenth of a second, of the last 1.1 to 1.2 s.", []string{"route"}, nil)}
}

// of returns the peak of a route.
func (c *peakCollector) of(route string) *peak {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peaks[route] == nil {
		c.peaks[route] = &peak{}
	}
	return c.peaks[route]
}

// Describe implements prometheus.Collector.
func (c *peakCollector) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements prometheus.Collector.
func (c *peakCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for route, p := range c.peaks {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(p.most(now)), route)
	}
}
