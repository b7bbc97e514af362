package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// chance returns a source of chance that belongs to one thing alone, so that what
// one draws does not depend on how much others do.
func (w *world) chance(of string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(of))
	return rand.New(rand.NewPCG(w.config.Seed, h.Sum64()))
}

// hits says whether a fault of this share strikes now.
func (w *world) hits(r *rand.Rand, share float64) bool {
	return r.Float64() < share && w.rough
}

// between draws a duration.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)+1))
}

// delay draws how long a message, or an operation of a store, takes.
func (w *world) delay(r *rand.Rand) time.Duration {
	if w.hits(r, w.config.Faults.Slow) {
		return between(r, 10*time.Millisecond, MaxDelay)
	}
	return between(r, time.Millisecond, 10*time.Millisecond)
}
