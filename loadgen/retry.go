package loadgen

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"brownout/chaos/evidence"
)

// A Retry says how a client tries again what was refused with 503 or 429, or whose outcome is
// unknown: with the same key, so that what was done is not done again. Each attempt has the
// client's whole patience.
type Retry struct {
	// Attempts is how often a request is sent at most, the first time included.
	Attempts int
	// Backoff is the pause before the second attempt; it doubles with each that follows.
	Backoff time.Duration
	// Jitter draws each pause at random, between nothing and what it would be.
	Jitter bool
	// Align lengthens each pause to end at a whole multiple of it since the load began, as of
	// clients whose clocks tick together, unless there is Jitter. 0 leaves pauses as they are.
	Align time.Duration
	// Budget is how many retries each request earns for those of its route, of all clients,
	// as in 0.1; 0 means that there is no bound.
	Budget float64
	// Seed decides the pauses.
	Seed uint64
}

// MaxAttempts bounds the attempts of a request, and maxBackoff the pause between two.
const (
	MaxAttempts = 10
	maxBackoff  = time.Minute
)

// again says whether a client tries again after an attempt.
func (r *Retry) again(s *evidence.Sample, attempt int) bool {
	if attempt >= min(r.Attempts, MaxAttempts) {
		return false
	}
	switch s.Outcome {
	case evidence.Refused:
		return s.Status == http.StatusServiceUnavailable || s.Status == http.StatusTooManyRequests
	case evidence.Unknown:
		return true
	}
	return false
}

// wait is how long a client waits, so long after the load began, after an attempt, from 1, of the
// request at a place.
func (r *Retry) wait(since time.Duration, seq int64, attempt int) time.Duration {
	pause := r.pause(seq, attempt)
	if r.Align <= 0 || r.Jitter {
		return pause
	}
	if over := (since + pause) % r.Align; over > 0 {
		pause += r.Align - over
	}
	return pause
}

// pause is what wait is without a clock that ticks.
func (r *Retry) pause(seq int64, attempt int) time.Duration {
	d := min(r.Backoff<<(attempt-1), maxBackoff)
	if !r.Jitter || d <= 0 {
		return d
	}
	random := rand.New(rand.NewPCG(r.Seed, uint64(seq)*MaxAttempts+uint64(attempt)))
	return time.Duration(random.Int64N(int64(d)))
}

// A budget is what is left of retries, for the requests of each route.
type budget struct {
	earns  float64 // by each request; 0: retries are not bounded
	mu     sync.Mutex
	tokens map[string]float64 // by route
}

func newBudget(earns float64) *budget { return &budget{earns: earns, tokens: map[string]float64{}} }

// savedRequests is of how many requests the earnings can be saved.
const savedRequests = 100

// begin counts a request.
func (b *budget) begin(route string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens[route] = min(b.tokens[route]+b.earns, max(savedRequests*b.earns, 1))
}

// spend takes a retry, if there is one left.
func (b *budget) spend(route string) bool {
	if b.earns <= 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens[route] < 1 {
		return false
	}
	b.tokens[route]--
	return true
}
