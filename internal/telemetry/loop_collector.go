package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
)

// A loopCollector collects what a LoopMetrics has counted.
type loopCollector struct {
	metrics atomic.Pointer[LoopMetrics] // nil before there are any

	turns, microtasks, longTurns, active, idle *prometheus.Desc
	utilisation, longest, busy, depth          *prometheus.Desc
	turnMicrotasks, latest                     *prometheus.Desc
	phaseTime, phaseCallbacks                  *prometheus.Desc
}

func newLoopCollector() *loopCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("eventloop_"+name, help, labels, nil)
	}
	return &loopCollector{
		turns:          describe("turns_total", "Turns that ran a callback."),
		microtasks:     describe("microtasks_total", "Ticks and microtasks that ran."),
		longTurns:      describe("long_turns_total", "Turns that the watchdog found to work for too long, by the callback that ran and its phase.", "name", "phase"),
		active:         describe("active_seconds_total", "Time spent on callbacks and between them."),
		idle:           describe("idle_seconds_total", "Time spent blocked in the poll phase."),
		utilisation:    describe("utilisation", "Share of the last 10 to 20 s in which the loop was active."),
		longest:        describe("longest_callback_seconds", "The longest callback of the last 10 to 20 s."),
		busy:           describe("busy_seconds", "How long the turn that runs has been working."),
		turnMicrotasks: describe("turn_microtasks", "Ticks and microtasks that the turn that runs, or the last that did, has run."),
		latest:         describe("delay_max_seconds", "By how much the latest timer of the last 10 to 20 s was late."),
		depth:          describe("depth", "What waits in a queue of the loop, or is under way.", "queue"),
		phaseTime:      describe("phase_seconds_total", "Time spent in a phase.", "phase"),
		phaseCallbacks: describe("phase_callbacks_total", "Callbacks that ran in a phase.", "phase"),
	}
}

// Describe implements prometheus.Collector.
func (c *loopCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.turns, c.microtasks, c.longTurns, c.active, c.idle, c.utilisation, c.longest, c.busy, c.depth,
		c.turnMicrotasks, c.latest, c.phaseTime, c.phaseCallbacks,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. It does not involve the loop.
func (c *loopCollector) Collect(to chan<- prometheus.Metric) {
	m := c.metrics.Load()
	if m == nil {
		return
	}
	counter(to, c.turns, float64(m.turns.Load()))
	counter(to, c.microtasks, float64(m.microtasks.Load()))
	for culprit, n := range m.Culprits() {
		counter(to, c.longTurns, float64(n), culprit.Name, culprit.Phase.String())
	}
	c.collectTurn(to, m)
	gauge(to, c.utilisation, m.windows.utilisation())
	gauge(to, c.longest, m.windows.longest().Seconds())
	gauge(to, c.latest, m.windows.highest().Seconds())
	for i, name := range queueNames() {
		gauge(to, c.depth, float64(m.depths[i].Load()), name)
	}
	for i := range m.phases {
		counter(to, c.phaseTime, seconds(&m.phases[i].duration), loop.Phase(i).String())
		counter(to, c.phaseCallbacks, float64(m.phases[i].callbacks.Load()), loop.Phase(i).String())
	}
}

// collectTurn collects what the loop publishes while it works: the turn that runs is a part
// of it, however long that takes. A loop that is not watched has told its last turn only.
func (c *loopCollector) collectTurn(to chan<- prometheus.Metric, m *LoopMetrics) {
	l := m.watched.Load()
	if l == nil {
		counter(to, c.active, seconds(&m.active))
		counter(to, c.idle, seconds(&m.idle))
		return
	}
	s := l.State()
	counter(to, c.active, s.Active.Seconds())
	counter(to, c.idle, s.Idle.Seconds())
	gauge(to, c.busy, s.Busy.Seconds())
	gauge(to, c.turnMicrotasks, float64(s.Microtasks))
}

func seconds(ns *atomic.Int64) float64 { return time.Duration(ns.Load()).Seconds() }

func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}
