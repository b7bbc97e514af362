package resilience

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrAway marks the failures of a downstream that cannot be reached, or that says
// itself that it is not available. While the protection ratio-breaker is on, a run of
// other failures does not open a CircuitBreaker.
var ErrAway = errors.New("the downstream is away")

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

func (c BreakerConfig) withDefaults() BreakerConfig {
	if c.Failures <= 0 {
		c.Failures = 5
	}
	if c.Open <= 0 {
		c.Open = time.Second
	}
	if c.Probes <= 0 {
		c.Probes = 1
	}
	return c
}

// A CircuitBreaker stops calls to a downstream of which a number in a row have failed.
// Any goroutine may use it.
//
// While the protection ratio-breaker is on, that alone is not enough, for errors that
// come in runs are no outage: the downstream must be away, each of those calls having
// failed with ErrAway, or no call must have succeeded in the window of a RatioCircuit.
type CircuitBreaker struct{ circuit }

// NewBreaker makes the breaker of a downstream.
func NewBreaker(r *Registry, target string, c BreakerConfig) *CircuitBreaker {
	return newBreaker(r, target, c, nil)
}

func newBreaker(r *Registry, target string, c BreakerConfig, closed func()) *CircuitBreaker {
	c = c.withDefaults()
	b, ratio := &CircuitBreaker{}, r.Switch(RatioBreaker)
	trips := func(l *circuitLife, n gobreaker.Counts) bool {
		if int(n.ConsecutiveFailures) < c.Failures {
			return false
		}
		return !ratio.On() || int(l.away.Load()) >= c.Failures || l.failsOnly(ratioWindow)
	}
	b.start(r, Breaker, target, circuitRule{trips: trips, open: c.Open, probes: c.Probes, closed: closed})
	return b
}

// failsOnly says whether no call has succeeded for so long.
func (l *circuitLife) failsOnly(since time.Duration) bool {
	return time.Since(time.Unix(0, l.succeeded.Load())) > since
}
