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

// BreakerConfig says when a breaker opens and closes.
type BreakerConfig struct {
	// Failures is how many calls in a row must fail for it to open; 0 means 5.
	Failures int
	// Open is how long it refuses every call; 0 means 1 s.
	Open time.Duration
	// Probes is how many calls it then lets through at once, and how many of them in
	// a row must succeed for it to close; 0 means 1.
	Probes int
}

// A CircuitBreaker stops calls to a downstream that keeps failing. Any goroutine may
// use it.
type CircuitBreaker struct {
	guard
	config  BreakerConfig
	current atomic.Pointer[circuit]
	shown   prometheus.Gauge
	open    *refusal
	busy    *refusal // half-open, and its probes are under way
}

// A circuit is the life of a breaker from one turning-on to the next.
type circuit struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	until atomic.Int64 // when it may be tried again, if it is open, in Unix nanoseconds
}

// NewBreaker makes the breaker of a downstream.
func NewBreaker(r *Registry, target string, c BreakerConfig) *CircuitBreaker {
	if c.Failures <= 0 {
		c.Failures = 5
	}
	if c.Open <= 0 {
		c.Open = time.Second
	}
	if c.Probes <= 0 {
		c.Probes = 1
	}
	b := &CircuitBreaker{guard: newGuard(r, Breaker, target), config: c}
	b.shown, b.open, b.busy = b.state(), b.refusal("open"), b.refusal("half-open")
	b.gate.OnChange(func(bool) { b.begin() })
	r.describe(&b.guard, b.State)
	return b
}

// begin forgets what was, and starts closed.
func (b *CircuitBreaker) begin() {
	c := &circuit{}
	c.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        b.target,
		MaxRequests: uint32(b.config.Probes),
		Timeout:     b.config.Open,
		ReadyToTrip: func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= b.config.Failures },
		IsExcluded:  saysNothing,
		OnStateChange: func(_ string, _, to gobreaker.State) {
			c.until.Store(time.Now().Add(b.config.Open).UnixNano())
			if b.current.Load() == c {
				b.shown.Set(float64(to)) // under the circuit's lock: nothing but atomics
			}
		},
	})
	b.current.Store(c)
	b.shown.Set(float64(gobreaker.StateClosed))
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

// Allow says whether a call may be made. If so, done must be called with how it ended,
// nil for well, also when the task is unwound: a probe that is never reported keeps the
// breaker half-open. Only the first call of done counts. If not, the error is a
// Rejection. An end with [context.Canceled], or with a refusal of our own side, counts
// neither as success nor as failure.
func (b *CircuitBreaker) Allow() (done func(err error), err error) {
	if !b.on() {
		return func(error) {}, nil
	}
	c := b.current.Load()
	report, err := c.Allow()
	switch {
	case errors.Is(err, gobreaker.ErrOpenState):
		return nil, b.open.rejectFor(time.Until(time.Unix(0, c.until.Load())))
	case err != nil:
		return nil, b.busy.rejectFor(0)
	}
	b.admitted.Inc()
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
func (b *CircuitBreaker) State() string { return b.current.Load().State().String() }
