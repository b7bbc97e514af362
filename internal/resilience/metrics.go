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
	breakers   *prometheus.GaugeVec
	changes    *prometheus.CounterVec
	// By target: each is of one protection.
	retries, ramps, limits *prometheus.GaugeVec

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
		breakers:   gauge("breaker_state", "How a breaker stands: 0 closed, 1 half-open, 2 open.", "protection", "target"),
		changes:    counter("transitions_total", "How often a breaker changed its state.", "protection", "target"),
		retries:    gauge("retry_budget_retries", "Retries that the budget has left.", "target"),
		ramps:      gauge("slow_start_calls_per_second", "Calls that slow-start lets through in a second; 0 when it bounds none.", "target"),
		limits:     gauge("adaptive_limit_calls", "Calls that adaptive-limit lets be under way at once.", "target"),
		targets:    map[Name]map[string]bool{},
	}
	if reg != nil {
		reg.MustRegister(m.enabled, m.admissions, m.rejections, m.breakers, m.changes, m.retries, m.ramps, m.limits)
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
