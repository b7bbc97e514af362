package resilience

import (
	"time"

	"github.com/sony/gobreaker/v2"
)

// ratioWindow is how far a RatioCircuit looks back.
const ratioWindow = 10 * time.Second

// RatioConfig says when a ratio breaker opens and closes.
type RatioConfig struct {
	// Share is the part of the calls of the last 10 s that must fail for it to open;
	// 0 means 0.5.
	Share float64
	// Minimum is how many calls that must have been; 0 means 20.
	Minimum int
	// Open is how long it refuses every call; 0 means 1 s.
	Open time.Duration
}

func (c RatioConfig) withDefaults() RatioConfig {
	if c.Share <= 0 {
		c.Share = 0.5
	}
	if c.Minimum <= 0 {
		c.Minimum = 20
	}
	if c.Open <= 0 {
		c.Open = time.Second
	}
	return c
}

// isShare says whether so many of all calls are a share of them, and they are enough to say so.
func isShare(some, all uint32, share float64, minimum int) bool {
	return int(all) >= minimum && float64(some) >= share*float64(all)
}

// A RatioCircuit stops calls to a downstream of which a share of the calls in a sliding
// window has failed, in whatever order. Any goroutine may use it.
type RatioCircuit struct{ circuit }

// NewRatioBreaker makes the ratio breaker of a downstream.
func NewRatioBreaker(r *Registry, target string, c RatioConfig) *RatioCircuit {
	return newRatioBreaker(r, target, c, nil)
}

func newRatioBreaker(r *Registry, target string, c RatioConfig, closed func()) *RatioCircuit {
	c = c.withDefaults()
	b := &RatioCircuit{}
	trips := func(_ *circuitLife, n gobreaker.Counts) bool {
		return isShare(n.TotalFailures, n.TotalFailures+n.TotalSuccesses, c.Share, c.Minimum)
	}
	b.start(r, RatioBreaker, target, circuitRule{window: ratioWindow, trips: trips, open: c.Open, probes: 1, closed: closed})
	return b
}
