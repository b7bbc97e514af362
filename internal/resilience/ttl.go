package resilience

import (
	"math/rand/v2"
	"time"
)

// spread is how far a lifetime may be from what was asked for: 20 % to either side.
const spread = 0.2

// A TTL spreads the lifetimes of cached values, so that what was stored together does
// not expire together. It belongs to its loop.
type TTL struct {
	jitter *Switch
	random *rand.Rand
}

// NewTTL makes a TTL that draws from random.
func NewTTL(r *Registry, random *rand.Rand) *TTL {
	return &TTL{r.Switch(TTLJitter), random}
}

// Expiry returns how long a value may live: ttl, give or take up to 20 %; exactly ttl
// while the protection is off.
func (t *TTL) Expiry(ttl time.Duration) time.Duration {
	if !t.jitter.On() {
		return ttl
	}
	return time.Duration(float64(ttl) * (1 - spread + 2*spread*t.random.Float64()))
}
