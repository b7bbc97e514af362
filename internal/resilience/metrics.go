package resilience

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// maxTargets bounds the targets of each protection in metrics and states; those over
// it share the label otherTargets.
const (
	maxTargets   = 64
	otherTargets = "(other)"
)

type metrics struct {
	enabled    *prometheus.GaugeVec
	admissions *prometheus.CounterVec
	rejections *prometheus.CounterVec
	state      *prometheus.GaugeVec
	changes    *prometheus.CounterVec

	mu      sync.Mutex
	targets map[Name]map[string]bool
}

func newMetrics(reg prometheus.Registerer) *metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "brownout_protection_" + name, Help: help}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "brownout_protection_" + name, Help: help}, labels)
	}
	m := &metrics{
		enabled:    gauge("enabled", "Whether the protection is on: 1, or 0.", "protection"),
		admissions: counter("admissions_total", "What the protection let through while it was on.", "protection", "target"),
		rejections: counter("rejections_total", "What the protection refused, by reason.", "protection", "target", "reason"),
		state: gauge("state", "How the protection stands. Breakers: 0 closed, 1 half-open, 2 open; retry-budget: retries left; slow-start: calls a second that pass, 0 when all do; adaptive-limit: the limit.",
			"protection", "target"),
		changes: counter("transitions_total", "How often a breaker changed its state.", "protection", "target"),
		targets: map[Name]map[string]bool{},
	}
	if reg != nil {
		reg.MustRegister(m.enabled, m.admissions, m.rejections, m.state, m.changes)
	}
	return m
}

// label is the target as metrics name it: itself, unless there are too many.
func (m *metrics) label(n Name, target string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.targets[n]
	if known == nil {
		known = map[string]bool{}
		m.targets[n] = known
	}
	if !known[target] && len(known) >= maxTargets {
		return otherTargets
	}
	known[target] = true
	return target
}
