package resilience

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Rejection is the error with which a protection refuses work that has not begun.
// It may be shared: nobody changes it.
type Rejection struct {
	By     Name
	Target string
	// Reason is one of few words, fit for a label: open, full, empty.
	Reason string
	// RetryAfter is when it may be worth trying again; 0 if nobody knows.
	RetryAfter time.Duration
}

// Error says who refuses what, and why, as in "breaker: bank-a: open".
func (r *Rejection) Error() string {
	return string(r.By) + ": " + r.Target + ": " + r.Reason
}

// A guard is what the types of this package have in common: the switch of a
// protection, and the counters for one target. Two guards of one target count in the
// same place.
type guard struct {
	name     Name
	target   string
	label    string // the target, in metrics
	gate     *Switch
	admitted prometheus.Counter
	metrics  *metrics
}

func newGuard(r *Registry, n Name, target string) guard {
	label := r.metrics.label(n, target)
	return guard{n, target, label, r.Switch(n), r.metrics.admissions.WithLabelValues(string(n), label), r.metrics}
}

func (g *guard) on() bool { return g.gate.On() }

// state returns the gauge that shows how a breaker stands.
func (g *guard) state() prometheus.Gauge {
	return g.metrics.breakers.WithLabelValues(string(g.name), g.label)
}

// figure returns the gauge of the guard's target, of those that its protection has for itself.
func (g *guard) figure(of *prometheus.GaugeVec) prometheus.Gauge { return of.WithLabelValues(g.label) }

// changes returns the counter of changes of that.
func (g *guard) changes() prometheus.Counter {
	return g.metrics.changes.WithLabelValues(string(g.name), g.label)
}

// A refusal is one reason of a guard: its counter, and the error, made in advance.
type refusal struct {
	count prometheus.Counter
	error Rejection
}

func (g *guard) refusal(reason string) *refusal {
	count := g.metrics.rejections.WithLabelValues(string(g.name), g.label, reason)
	return &refusal{count, Rejection{By: g.name, Target: g.target, Reason: reason}}
}

// reject counts, and returns the error.
func (f *refusal) reject() error {
	f.count.Inc()
	return &f.error
}

// rejectFor is reject with a hint when to come again.
func (f *refusal) rejectFor(d time.Duration) error {
	f.count.Inc()
	e := f.error
	e.RetryAfter = d
	return &e
}
