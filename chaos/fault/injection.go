package fault

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// An Injection is one fault that is active. Any goroutine may call its methods.
type Injection struct {
	id     string
	spec   Spec // with all parameters
	values map[string]value
	began  time.Time
	tally  *tally
	plain  bool // every possible hit hits
	first  func()

	stopped atomic.Bool
	done    chan struct{}
	hits    atomic.Uint64

	mu      sync.Mutex
	random  *rand.Rand
	asked   int // possible hits so far
	run     int // hits left of a run
	reverts []func()
	ttl     *time.Timer
	lease   *time.Timer
	renewed time.Time
	ended   time.Time
	reason  Reason
}

// A Reason is why an injection has ended; "" while it has not.
type Reason string

// The reasons.
const (
	Cleared   Reason = "cleared"    // it was asked for
	Expired   Reason = "expired"    // its time to live was over
	LeaseLost Reason = "lease lost" // it was not renewed in time
	refused   Reason = "refused"    // it could not begin
)

func newInjection(s Spec, values map[string]value, t *tally) *Injection {
	names := fnv.New64a()
	_, _ = names.Write([]byte(s.Fault))
	return &Injection{
		spec:   s.filled(values),
		values: values,
		began:  time.Now(),
		tally:  t,
		plain:  (s.Toxicity == 0 || s.Toxicity == 1) && s.First == 0,
		done:   make(chan struct{}),
		random: rand.New(rand.NewPCG(s.Seed, names.Sum64())),
	}
}

// ID is what the injection is cleared by.
func (i *Injection) ID() string { return i.id }

// Done is closed when the fault is to end.
func (i *Injection) Done() <-chan struct{} { return i.done }

// Stopped says whether the fault is to end. It is one atomic load, for code on a loop.
func (i *Injection) Stopped() bool { return i.stopped.Load() }

// Hits is asked before each possible hit, and says whether it is to be one: it rolls the
// toxicity, minds First, and is false once the injection has ended. If it says true, the
// hit is counted.
func (i *Injection) Hits() bool { return i.HitsInRuns(1) }

// HitsInRuns is Hits for hits that come in runs of so many in a row. The share of hits
// is the toxicity all the same: a run begins at a possible hit outside of one with the
// probability p = τ ÷ (τ + length·(1 − τ)), which makes the pauses between runs
// (1 − p) ÷ p long on average, and τ = length ÷ (length + (1 − p) ÷ p).
func (i *Injection) HitsInRuns(length int) bool {
	if i.Stopped() || !i.plain && !i.roll(length) {
		return false
	}
	i.Hit()
	return true
}

func (i *Injection) roll(length int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec.First > 0 && i.asked >= i.spec.First {
		return false
	}
	i.asked++
	if i.run > 0 {
		i.run--
		return true
	}
	t, n := i.spec.Toxicity, float64(max(length, 1))
	if t == 0 || t == 1 {
		return true
	}
	if i.random.Float64() >= t/(t+n*(1-t)) {
		return false
	}
	i.run = max(length, 1) - 1
	return true
}

// spent says that no possible hit will hit any more.
func (i *Injection) spent() bool {
	if i.Stopped() || i.plain {
		return i.Stopped()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.spec.First > 0 && i.asked >= i.spec.First
}

// Hit counts a hit without asking.
func (i *Injection) Hit() { i.hit(1) }

func (i *Injection) hit(n uint64) {
	i.tally.hits.Add(n)
	if i.hits.Add(n) == n && i.first != nil {
		i.first()
	}
}

// Jitter returns base, give or take up to spread, and never less than 0.
func (i *Injection) Jitter(base, spread time.Duration) time.Duration {
	if spread <= 0 {
		return base
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(0, base-spread+time.Duration(i.random.Int64N(2*int64(spread)+1)))
}

// Duration returns a parameter of that type. It panics if the kind has none of that
// name and type, as the other ones do.
func (i *Injection) Duration(name string) time.Duration {
	return time.Duration(i.param(name, Duration).number)
}

// Int returns a parameter of that type.
func (i *Injection) Int(name string) int { return int(i.param(name, Int).number) }

// Bytes returns a parameter of that type.
func (i *Injection) Bytes(name string) int64 { return i.param(name, Bytes).number }

// Ratio returns a parameter of that type.
func (i *Injection) Ratio(name string) float64 { return i.param(name, Ratio).ratio }

// Text returns a parameter that is a text or a choice.
func (i *Injection) Text(name string) string { return i.param(name, Text, Choice).text }

func (i *Injection) param(name string, kinds ...Type) value {
	v, ok := i.values[name]
	for _, k := range kinds {
		if ok && v.kind == k {
			return v
		}
	}
	panic(fmt.Sprintf("fault: %s has no parameter %s of type %v", i.spec.Fault, name, kinds))
}

// OnEnd has fn called when the injection ends, the last that was given first. If it has
// ended, fn is called at once. It must not block.
func (i *Injection) OnEnd(fn func()) {
	i.mu.Lock()
	ended := i.reason != ""
	if !ended {
		i.reverts = append(i.reverts, fn)
	}
	i.mu.Unlock()
	if ended {
		fn()
	}
}

// end ends the injection, and reverts what it did; only the first call does, and says so.
func (i *Injection) end(why Reason) bool {
	i.mu.Lock()
	if i.reason != "" {
		i.mu.Unlock()
		return false
	}
	i.reason, i.ended = why, time.Now()
	reverts := i.reverts
	i.reverts = nil
	i.ttl.Stop()
	if i.lease != nil {
		i.lease.Stop()
	}
	i.mu.Unlock()
	i.stopped.Store(true)
	close(i.done)
	for n := len(reverts) - 1; n >= 0; n-- {
		reverts[n]()
	}
	return true
}

// renew begins the lease anew, and says whether the injection is active.
func (i *Injection) renew() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.reason != "" {
		return false
	}
	if i.lease != nil {
		i.renewed = time.Now()
		i.lease.Reset(i.spec.Lease)
	}
	return true
}

// leaseOver says whether the lease is over: its timer may have fired while it was
// renewed.
func (i *Injection) leaseOver() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return time.Since(i.renewed) >= i.spec.Lease
}

// A Status is an injection as it stands, or as it ended.
type Status struct {
	ID    string    `json:"id"`
	Spec  Spec      `json:"spec"` // with all parameters
	Began time.Time `json:"began"`
	Hits  uint64    `json:"hits"`
	// LeftSeconds is when it will end, if it is not cleared or its lease is lost;
	// LeaseSeconds is when that will be, if it is not renewed.
	LeftSeconds  float64 `json:"left_seconds,omitzero"`
	LeaseSeconds float64 `json:"lease_seconds,omitzero"`
	// Ended and Reason are those of one that has ended.
	Ended  time.Time `json:"ended,omitzero"`
	Reason Reason    `json:"reason,omitempty"`
}

func (i *Injection) status() Status {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := Status{ID: i.id, Spec: i.spec, Began: i.began.UTC(), Hits: i.hits.Load(), Reason: i.reason}
	if i.reason != "" {
		s.Ended = i.ended.UTC()
		return s
	}
	s.LeftSeconds = max(0, i.spec.TTL-time.Since(i.began)).Seconds()
	if i.lease != nil {
		s.LeaseSeconds = max(0, i.spec.Lease-time.Since(i.renewed)).Seconds()
	}
	return s
}
