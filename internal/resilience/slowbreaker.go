package resilience

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// slowWindow is how far a SlowCircuit looks back.
const slowWindow = 5 * time.Second

// errSlow is how a call ends, for a SlowCircuit, that took too long.
var errSlow = errors.New("too slow")

// SlowConfig says when a slow breaker opens and closes.
type SlowConfig struct {
	// Above is how long a call may take before it is slow; 0 means 500 ms.
	Above time.Duration
	// Share is the part of the calls of the last 5 s that must be slow for it to open;
	// 0 means 0.5.
	Share float64
	// Minimum is how many calls that must have been; 0 means 10.
	Minimum int
	// Open is how long it refuses every call; 0 means 1 s.
	Open time.Duration
}

func (c SlowConfig) withDefaults() SlowConfig {
	if c.Above <= 0 {
		c.Above = 500 * time.Millisecond
	}
	if c.Share <= 0 {
		c.Share = 0.5
	}
	if c.Minimum <= 0 {
		c.Minimum = 10
	}
	if c.Open <= 0 {
		c.Open = time.Second
	}
	return c
}

// A SlowCircuit stops calls to a downstream of which a share of the calls in a sliding
// window was slow, however they ended. Any goroutine may use it.
type SlowCircuit struct {
	circuit
	above time.Duration
}

// NewSlowBreaker makes the slow breaker of a downstream.
func NewSlowBreaker(r *Registry, target string, c SlowConfig) *SlowCircuit {
	return newSlowBreaker(r, target, c, nil)
}

func newSlowBreaker(r *Registry, target string, c SlowConfig, closed func()) *SlowCircuit {
	c = c.withDefaults()
	b := &SlowCircuit{above: c.Above}
	trips := func(_ *circuitLife, n gobreaker.Counts) bool {
		return isShare(n.TotalFailures, n.TotalFailures+n.TotalSuccesses, c.Share, c.Minimum)
	}
	b.start(r, SlowBreaker, target, circuitRule{window: slowWindow, trips: trips, open: c.Open, probes: 1, closed: closed})
	return b
}

// Judge makes of a call's end what Allow's done is to be told: slow calls count as
// failures, quick ones as successes, and those of which the downstream never heard, or
// that were left before they were slow, as nothing.
func (b *SlowCircuit) Judge(e End) error {
	switch {
	case e.Took > b.above:
		return errSlow
	case e.Took < 0 || saysNothing(e.Err):
		return context.Canceled
	}
	return nil
}
