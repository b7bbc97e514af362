package resilience

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateConfig says what one client may do.
type RateConfig struct {
	// Target is the name in metrics and errors; empty means "clients".
	Target string
	// Rate is requests per second; 0 means 100.
	Rate float64
	// Burst is how many may come at once after a pause; 0 means 200.
	Burst int
	// Keys bounds the clients that are remembered; 0 means 10,000. When there are more,
	// the one that was silent for longest is forgotten, and starts with a full burst
	// when it comes back.
	Keys int
}

// A Limiter bounds the requests of each client: a token bucket for each. Any goroutine
// may use it.
type Limiter struct {
	guard
	config  RateConfig
	tooFast *refusal

	mu      sync.Mutex
	buckets map[string]*list.Element // of *bucket
	recent  *list.List               // the latest first
}

type bucket struct {
	key string
	*rate.Limiter
}

// NewRateLimit makes a limiter.
func NewRateLimit(r *Registry, c RateConfig) *Limiter {
	if c.Target == "" {
		c.Target = "clients"
	}
	if c.Rate <= 0 {
		c.Rate = 100
	}
	if c.Burst <= 0 {
		c.Burst = 200
	}
	if c.Keys <= 0 {
		c.Keys = 10_000
	}
	l := &Limiter{guard: newGuard(r, RateLimit, c.Target), config: c, buckets: map[string]*list.Element{}, recent: list.New()}
	l.tooFast = l.refusal("too-fast")
	return l
}

// Allow says whether the client of this key may make a request now. The Rejection says
// when it may make the next.
func (l *Limiter) Allow(key string) error {
	if !l.on() {
		return nil
	}
	now := time.Now()
	b := l.bucket(key)
	if b.AllowN(now, 1) {
		l.admitted.Inc()
		return nil
	}
	missing := 1 - b.TokensAt(now)
	return l.tooFast.rejectFor(time.Duration(missing / l.config.Rate * float64(time.Second)))
}

// bucket finds the client's bucket, or makes room for one.
func (l *Limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.buckets[key]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket).Limiter
	}
	if l.recent.Len() >= l.config.Keys {
		l.forgetOldest()
	}
	b := &bucket{key, rate.NewLimiter(rate.Limit(l.config.Rate), l.config.Burst)}
	l.buckets[key] = l.recent.PushFront(b)
	return b.Limiter
}

func (l *Limiter) forgetOldest() {
	oldest := l.recent.Back()
	delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
}
