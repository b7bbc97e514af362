package resilience

import (
	"context"
	"errors"
	"strconv"
	"time"

	"brownout/internal/loop"
)

// DeadlineConfig bounds the time of requests.
type DeadlineConfig struct {
	// Default is for routes that name none; 0 means 2 s.
	Default time.Duration
	// Most bounds every request, also while the protection is off; 0 means 30 s.
	Most time.Duration
}

// errBudget is what is wrong with a header that is no time.
var errBudget = errors.New("must be whole milliseconds, in 1 to 9 digits")

// A Deadliner gives requests their time, and tells callees what is left of it. Any
// goroutine may call Budget; the rest belongs to the loop.
type Deadliner struct {
	guard
	config  DeadlineConfig
	expired *refusal
}

// NewDeadline makes a deadliner.
func NewDeadline(r *Registry, c DeadlineConfig) *Deadliner {
	if c.Default <= 0 {
		c.Default = 2 * time.Second
	}
	if c.Most <= 0 {
		c.Most = 30 * time.Second
	}
	d := &Deadliner{guard: newGuard(r, Deadline, "requests"), config: c}
	d.expired = d.refusal("expired")
	return d
}

// Budget returns what a request may take: the least of what its caller has left, which
// is the header, in milliseconds and empty if there is none; of the route's time, or the
// default if that is 0; and of the most. It may be 0. While the protection is off, it is
// the most. A header that is malformed is an error either way.
func (d *Deadliner) Budget(header string, route time.Duration) (time.Duration, error) {
	budget := d.config.Most
	if header != "" {
		left, err := parseBudget(header)
		if err != nil {
			return 0, err
		}
		budget = min(budget, left)
	}
	if !d.on() {
		return d.config.Most, nil
	}
	d.admitted.Inc()
	if route <= 0 {
		route = d.config.Default
	}
	return min(budget, route), nil
}

// Told returns how long a request's caller waits, by the header of [Deadliner.Budget]; ok is
// false if that says nothing, or nothing that makes sense.
func Told(header string) (wait time.Duration, ok bool) {
	if header == "" {
		return 0, false
	}
	wait, err := parseBudget(header)
	return wait, err == nil
}

func parseBudget(header string) (time.Duration, error) {
	const digits = 9
	if len(header) > digits {
		return 0, errBudget
	}
	n := 0
	for i := range len(header) {
		c := header[i]
		if c < '0' || c > '9' {
			return 0, errBudget
		}
		n = n*10 + int(c-'0')
	}
	return time.Duration(n) * time.Millisecond, nil
}

// Propagate returns what the task has left, as the header for a callee: empty if it has
// no deadline, or while the protection is off.
func (d *Deadliner) Propagate(t *loop.Task) (header string) {
	deadline, ok := t.Deadline()
	if !ok || !d.on() {
		return ""
	}
	return strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 0), 10)
}

// Expired returns [context.DeadlineExceeded], and counts it, if the task has no time
// left for what it is about to begin. It is nil while the protection is off.
func (d *Deadliner) Expired(t *loop.Task) error {
	deadline, ok := t.Deadline()
	if !ok || !d.on() || time.Now().Before(deadline) {
		return nil
	}
	d.expired.count.Inc()
	return context.DeadlineExceeded
}
