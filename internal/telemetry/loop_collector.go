package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
)

// A loopCollector collects what a LoopMetrics has counted.
type loopCollector struct {
	metrics *LoopMetrics

	turns, microtasks, longTurns, active, idle *prometheus.Desc
	utilisation, longest, busy, depth          *prometheus.Desc
	phaseTime, phaseCallbacks                  *prometheus.Desc
}

func newLoopCollector(m *LoopMetrics) *loopCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("brownout_loop_"+name, help, labels, nil)
	}
	return &loopCollector{
		metrics:        m,
		turns:          describe("turns_total", "Turns that ran a callback."),
		microtasks:     describe("microtasks_total", "Ticks and microtasks that ran."),
		longTurns:      describe("long_turns_total", "Turns that the watchdog found to work for too long, by the callback that ran.", "culprit"),
		active:         describe("active_seconds_total", "Time spent on callbacks and between them."),
		idle:           describe("idle_seconds_total", "Time spent blocked in the poll phase."),
		utilisation:    describe("utilisation", "Share of the last 10 to 20 s in which the loop was active."),
		longest:        describe("longest_callback_seconds", "The longest callback of the last 10 to 20 s."),
		busy:           describe("busy_seconds", "How long the turn that runs has been working."),
		depth:          describe("depth", "What waits in a queue of the loop, or is under way.", "queue"),
		phaseTime:      describe("phase_seconds_total", "Time spent in a phase.", "phase"),
		phaseCallbacks: describe("phase_callbacks_total", "Callbacks that ran in a phase.", "phase"),
	}
}

// Describe implements prometheus.Collector.
func (c *loopCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.turns, c.microtasks, c.longTurns, c.active, c.idle, c.utilisation, c.longest, c.busy, c.depth, c.phaseTime, c.phaseCallbacks,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. It does not involve the loop.
func (c *loopCollector) Collect(to chan<- prometheus.Metric) {
	m := c.metrics
	counter(to, c.turns, float64(m.turns.Load()))
	counter(to, c.microtasks, float64(m.microtasks.Load()))
	for culprit, n := range m.Culprits() {
		counter(to, c.longTurns, float64(n), culprit)
	}
	counter(to, c.active, seconds(&m.active))
	counter(to, c.idle, seconds(&m.idle))
	gauge(to, c.utilisation, m.windows.utilisation())
	gauge(to, c.longest, m.windows.longest().Seconds())
	if l := m.watched.Load(); l != nil {
		gauge(to, c.busy, l.State().Busy.Seconds())
	}
	for i, name := range queueNames() {
		gauge(to, c.depth, float64(m.depths[i].Load()), name)
	}
	for i := range m.phases {
		counter(to, c.phaseTime, seconds(&m.phases[i].duration), loop.Phase(i).String())
		counter(to, c.phaseCallbacks, float64(m.phases[i].callbacks.Load()), loop.Phase(i).String())
	}
}

func seconds(ns *atomic.Int64) float64 { return time.Duration(ns.Load()).Seconds() }

func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}
