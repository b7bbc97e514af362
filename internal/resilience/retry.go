package resilience

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RetryConfig says how often and when a call is tried again.
type RetryConfig struct {
	// Attempts bounds the attempts of one call, the first included; 0 means 3.
	Attempts int
	// Base is the pause after the first attempt, which doubles with each, up to Max;
	// 0 means 20 ms and 500 ms.
	Base, Max time.Duration
	// Budget is how many retries each call earns; 0 means 0.1, less than 0 none.
	Budget float64
	// MinPerSecond is how many retries are earned in a second without any calls, for
	// callers who make few; 0 means 1, less than 0 none.
	MinPerSecond float64
}

func (c RetryConfig) withDefaults() RetryConfig {
	if c.Attempts <= 0 {
		c.Attempts = 3
	}
	if c.Base <= 0 {
		c.Base = 20 * time.Millisecond
	}
	if c.Max <= 0 {
		c.Max = 500 * time.Millisecond
	}
	c.Budget = share(c.Budget, 0.1)
	c.MinPerSecond = share(c.MinPerSecond, 1)
	return c
}

// share is a number of which 0 means the default, and less means none.
func share(n, otherwise float64) float64 {
	if n == 0 {
		return otherwise
	}
	return max(n, 0)
}

// What can be spent in a burst: a budget holds at most what time earns in savedSeconds
// or calls earn in savedCalls, whichever is more. It begins with the former.
const (
	savedSeconds = 10
	savedCalls   = 100
)

// most is the most that the budget holds.
func (c RetryConfig) most() float64 {
	return max(savedSeconds*c.MinPerSecond, savedCalls*c.Budget)
}

// A Retry decides which calls to a downstream are tried again: at most Attempts each,
// within a budget for all of them, after pauses that grow. It belongs to its loop.
//
// The budget is a token bucket, as in Finagle: first attempts put in a share of a
// token, time puts in a few, retries take one each.
type Retry struct {
	config RetryConfig
	budget guard
	layer  guard
	jitter *Switch
	random *rand.Rand

	tokens float64
	filled time.Time
	shown  prometheus.Gauge
	empty  *refusal
	above  *refusal
}

// NewRetry makes the retries of a downstream; random draws the jitter.
func NewRetry(r *Registry, target string, c RetryConfig, random *rand.Rand) *Retry {
	c = c.withDefaults()
	y := &Retry{
		config: c,
		budget: newGuard(r, RetryBudget, target),
		layer:  newGuard(r, RetryLayer, target),
		jitter: r.Switch(Jitter),
		random: random,
		tokens: savedSeconds * c.MinPerSecond,
		filled: time.Now(),
	}
	y.shown, y.empty, y.above = y.budget.figure(r.metrics.retries), y.budget.refusal("empty"), y.layer.refusal("answered")
	y.shown.Set(y.tokens)
	return y
}

// Begin counts a first attempt, which earns a share of a retry.
func (y *Retry) Begin() { y.add(y.config.Budget) }

// errEnough says that a call has had all its attempts.
var errEnough = errors.New("there were as many attempts as there may be")

// Next says after which pause another attempt may be made after so many, or why none may be: with
// a Rejection if it is a protection that is against it. Answered says that the downstream has
// answered, with an error: it, or someone below it, is then next to the failure, and while the
// protection retry-layer is on, we are not the ones to try again.
func (y *Retry) Next(attempts int, answered bool) (wait time.Duration, err error) {
	if attempts >= y.config.Attempts {
		return 0, errEnough
	}
	if answered && y.layer.on() {
		return 0, y.above.reject()
	}
	if err := y.spend(); err != nil {
		return 0, err
	}
	return y.pause(attempts), nil
}

// spend takes a retry from the budget, if that is in force.
func (y *Retry) spend() error {
	if !y.budget.on() {
		return nil
	}
	y.add(0)
	if y.tokens < 1 {
		return y.empty.reject()
	}
	y.add(-1)
	y.budget.admitted.Inc()
	return nil
}

// add adds to the budget, and what time has earned.
func (y *Retry) add(tokens float64) {
	now := time.Now()
	tokens += now.Sub(y.filled).Seconds() * y.config.MinPerSecond
	y.filled = now
	y.tokens = min(y.tokens+tokens, y.config.most())
	y.shown.Set(y.tokens)
}

// pause is exponential; with jitter, it is anything between that and nothing: "full
// jitter" in Marc Brooker's "Exponential Backoff And Jitter".
func (y *Retry) pause(attempts int) time.Duration {
	pause := y.config.Base
	for range attempts - 1 {
		if pause >= y.config.Max {
			break
		}
		pause *= 2
	}
	pause = min(pause, y.config.Max)
	if y.jitter.On() {
		return time.Duration(y.random.Int64N(int64(pause) + 1))
	}
	return pause
}
