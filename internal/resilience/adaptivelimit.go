package resilience

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// AdaptiveConfig says how a limit is learnt.
type AdaptiveConfig struct {
	// Least and Most bound the limit, and Initial is what it begins with; 0 means 8,
	// 1,000 and 64.
	Least, Most, Initial int
	// Tolerance is how many times as long as at their best calls may take; 0 means 2.
	Tolerance float64
}

func (c AdaptiveConfig) withDefaults() AdaptiveConfig {
	if c.Least <= 0 {
		c.Least = 8
	}
	if c.Most <= 0 {
		c.Most = 1000
	}
	if c.Initial <= 0 {
		c.Initial = 64
	}
	if c.Tolerance <= 0 {
		c.Tolerance = 2
	}
	c.Most = max(c.Most, c.Least)
	c.Initial = min(max(c.Initial, c.Least), c.Most)
	return c
}

const (
	// A window, after which the limit changes, has at least so many calls and lasts so long.
	adaptiveCalls  = 10
	adaptiveWindow = 100 * time.Millisecond
	// adaptiveSmooth is how far the limit goes to where a window says it should be.
	adaptiveSmooth = 0.3
	// adaptiveDrift is how much of the best time a second lets go, so that a downstream
	// that will never be as fast again is not held against that for ever.
	adaptiveDrift = 0.005
)

// An AdaptiveLimiter bounds the calls in flight to a downstream by what it can do: the
// more time they take, waiting included, compared with the best that was seen, the fewer there may
// be. The rule is that of Netflix's concurrency-limits, Gradient2, with the best time in
// place of a long average, which an overload would teach to be normal. Any goroutine may
// use it.
type AdaptiveLimiter struct {
	guard
	config AdaptiveConfig
	full   *refusal
	shown  prometheus.Gauge

	mu       sync.Mutex
	limit    float64
	inFlight int
	best     float64 // seconds; 0: not known
	began    time.Time
	calls    int
	took     float64 // seconds, of all calls of the window
	most     int     // in flight, in the window
}

// NewAdaptiveLimit makes the limit of a downstream.
func NewAdaptiveLimit(r *Registry, target string, c AdaptiveConfig) *AdaptiveLimiter {
	a := &AdaptiveLimiter{guard: newGuard(r, AdaptiveLimit, target), config: c.withDefaults()}
	a.shown, a.full = a.figure(r.metrics.limits), a.refusal("full")
	a.gate.OnChange(func(bool) { a.reset() })
	return a
}

// reset forgets what was learnt.
func (a *AdaptiveLimiter) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.best = float64(a.config.Initial), 0
	a.begin(time.Now())
	a.shown.Set(a.limit)
}

func (a *AdaptiveLimiter) begin(now time.Time) {
	a.began, a.calls, a.took, a.most = now, 0, 0, a.inFlight
}

// Limit returns how many calls may be in flight now.
func (a *AdaptiveLimiter) Limit() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int(a.limit)
}

// Enter says whether a call may be made. If so, done must be called once, with how it
// ended.
func (a *AdaptiveLimiter) Enter() (done func(err error), err error) {
	if !a.on() {
		return func(error) {}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight >= int(a.limit) {
		return nil, a.full.reject()
	}
	a.admitted.Inc()
	a.inFlight++
	a.most = max(a.most, a.inFlight)
	began := time.Now()
	return func(err error) { a.leave(began, err) }, nil
}

// leave counts a call that has ended. Only what was answered well, or not in time, tells
// how long calls take.
func (a *AdaptiveLimiter) leave(began time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight--
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return
	}
	now := time.Now()
	a.calls++
	a.took += now.Sub(began).Seconds()
	if lasted := now.Sub(a.began); a.calls >= adaptiveCalls && lasted >= adaptiveWindow {
		a.adapt(a.took/float64(a.calls), lasted)
		a.begin(now)
	}
}

// adapt moves the limit by what a window says, in which calls took so long on average.
func (a *AdaptiveLimiter) adapt(took float64, lasted time.Duration) {
	a.best *= 1 + adaptiveDrift*lasted.Seconds()
	if a.best == 0 || took < a.best {
		a.best = took
	}
	gradient := 1.0
	if took > 0 {
		gradient = max(0.5, min(1, a.config.Tolerance*a.best/took))
	}
	if gradient == 1 && float64(a.most) < a.limit/2 {
		return // it was not needed: that calls are fast says nothing of a higher one
	}
	goal := a.limit*gradient + math.Sqrt(a.limit)
	a.limit += adaptiveSmooth * (goal - a.limit)
	a.limit = max(float64(a.config.Least), min(a.limit, float64(a.config.Most)))
	a.shown.Set(a.limit)
}
