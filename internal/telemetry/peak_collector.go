package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A peakCollector collects how many requests have come to routes, and their peaks.
type peakCollector struct {
	most, all *prometheus.Desc

	mu    sync.Mutex
	peaks map[string]*peak // by route
}

func newPeakCollector() *peakCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("brownout_http_arrivals_"+name, help, []string{"route"}, nil)
	}
	return &peakCollector{
		peaks: map[string]*peak{},
		most:  desc("peak", "The most requests that came within a tenth of a second, of the last 1.1 to 1.2 s."),
		all:   desc("total", "Requests that came, whatever became of them."),
	}
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
func (c *peakCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.most
	to <- c.all
}

// Collect implements prometheus.Collector.
func (c *peakCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for route, p := range c.peaks {
		most, all := p.look(now)
		to <- prometheus.MustNewConstMetric(c.most, prometheus.GaugeValue, float64(most), route)
		to <- prometheus.MustNewConstMetric(c.all, prometheus.CounterValue, float64(all), route)
	}
}
