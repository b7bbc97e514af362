package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// windowBuckets is in how many steps a window slides.
const windowBuckets = 10

// A circuitRule says when a circuit opens, and how it closes again.
type circuitRule struct {
	window time.Duration // of the calls that count; 0: all since it closed
	trips  func(l *circuitLife, n gobreaker.Counts) bool
	open   time.Duration // how long it then refuses every call
	probes int           // the calls that are then let through, and must succeed
	closed func()        // told that it has closed again: nothing but atomics; may be nil
}

// A circuit is what the breakers have in common: it lets calls through until its rule
// says that it opens. Any goroutine may use it.
type circuit struct {
	guard
	rule    circuitRule
	current atomic.Pointer[circuitLife]
	shown   prometheus.Gauge
	changes prometheus.Counter
	open    *refusal
	busy    *refusal // half-open, and its probes are under way
}

// A circuitLife is that of a circuit from one turning-on to the next.
type circuitLife struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	stands    atomic.Int32 // its gobreaker.State
	until     atomic.Int64 // when it may be tried again, if it is open, in Unix nanoseconds
	succeeded atomic.Int64 // when a call last did, in Unix nanoseconds
	away      atomic.Int64 // how many of the last calls in a row ended with ErrAway
}

// start makes the circuit one of a protection at a target.
func (c *circuit) start(r *Registry, n Name, target string, rule circuitRule) {
	if rule.closed == nil {
		rule.closed = func() {}
	}
	c.guard, c.rule = newGuard(r, n, target), rule
	c.shown, c.changes, c.open, c.busy = c.state(), c.guard.changes(), c.refusal("open"), c.refusal("half-open")
	c.gate.OnChange(func(bool) { c.begin() })
	r.describe(&c.guard, c.State)
}

// begin forgets what was, and starts closed.
func (c *circuit) begin() {
	l := &circuitLife{}
	l.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:          c.target,
		MaxRequests:   uint32(c.rule.probes),
		Interval:      c.rule.window,
		BucketPeriod:  c.rule.window / windowBuckets,
		Timeout:       c.rule.open,
		ReadyToTrip:   func(n gobreaker.Counts) bool { return c.rule.trips(l, n) },
		IsExcluded:    saysNothing,
		OnStateChange: func(_ string, _, to gobreaker.State) { c.changed(l, to) },
	})
	c.current.Store(l)
	c.shown.Set(float64(gobreaker.StateClosed))
}

// changed notes the state of a life, under its lock: nothing here but atomics.
func (c *circuit) changed(l *circuitLife, to gobreaker.State) {
	l.until.Store(time.Now().Add(c.rule.open).UnixNano())
	l.stands.Store(int32(to))
	if c.current.Load() != l {
		return
	}
	c.shown.Set(float64(to))
	c.changes.Inc()
	if to == gobreaker.StateClosed {
		c.rule.closed()
	}
}

// saysNothing tells errors that are no news of the downstream: the caller has left, or
// the call was never made.
func saysNothing(err error) bool {
	if _, ok := errors.AsType[*Rejection](err); ok {
		return true
	}
	for _, target := range []error{context.Canceled, loop.ErrFull, loop.ErrClosed, pool.ErrFull, pool.ErrClosed} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// enter is Allow without a guard against a second call of done.
func (c *circuit) enter() (done func(err error), err error) {
	if !c.on() {
		return func(error) {}, nil
	}
	l := c.current.Load()
	report, err := l.Allow()
	switch {
	case errors.Is(err, gobreaker.ErrOpenState):
		return nil, c.open.rejectFor(time.Until(time.Unix(0, l.until.Load())))
	case err != nil:
		return nil, c.busy.rejectFor(0)
	}
	c.admitted.Inc()
	return func(err error) { l.note(err); report(err) }, nil
}

// note keeps what gobreaker does not count.
func (l *circuitLife) note(err error) {
	switch {
	case err == nil:
		l.succeeded.Store(time.Now().UnixNano())
		l.away.Store(0)
	case errors.Is(err, ErrAway):
		l.away.Add(1)
	case !saysNothing(err):
		l.away.Store(0)
	}
}

// Allow says whether a call may be made. If so, done must be called with how it ended,
// nil for well, also when the task is unwound: a probe that is never reported keeps the
// breaker half-open. Only the first call of done counts. If not, the error is a
// Rejection. An end with [context.Canceled], or with a refusal of our own side, counts
// neither as success nor as failure.
func (c *circuit) Allow() (done func(err error), err error) {
	report, err := c.enter()
	if err != nil {
		return nil, err
	}
	return once(report), nil
}

func once(report func(error)) func(error) {
	var reported atomic.Bool
	return func(err error) {
		if !reported.Swap(true) {
			report(err)
		}
	}
}

// State returns "closed", "half-open" or "open".
func (c *circuit) State() string { return c.current.Load().State().String() }

// isClosed is State without a lock: an open circuit that could be half-open by now is open.
func (c *circuit) isClosed() bool {
	return c.current.Load().stands.Load() == int32(gobreaker.StateClosed)
}
