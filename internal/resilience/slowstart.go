package resilience

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RampConfig says how calls return after an outage.
type RampConfig struct {
	// Over is how long it takes until calls may be made at the highest rate; 0 means 3 s.
	Over time.Duration
	// From and To are shares of the usual rate: what may be called a second at first and
	// at the highest; 0 means 0.2 and 1.5.
	From, To float64
	// Least is taken for the usual rate, a second, if that is lower; 0 means 10.
	Least float64
}

func (c RampConfig) withDefaults() RampConfig {
	if c.Over <= 0 {
		c.Over = 3 * time.Second
	}
	if c.From <= 0 {
		c.From = 0.2
	}
	if c.To <= 0 {
		c.To = 1.5
	}
	if c.Least <= 0 {
		c.Least = 10
	}
	return c
}

const (
	// rampBurst is how long a ramp saves what is not called.
	rampBurst = 20 * time.Millisecond
	// rampCalm is how long a ramp must have refused nothing for it to end, once it is
	// as steep as it gets; and rampMost when it ends all the same.
	rampCalm = 2 * time.Second
	rampMost = 10 * time.Second
	// rampSlot is what the usual rate is counted over, and rampWeight how much the
	// newest count says of it.
	rampSlot   = time.Second
	rampWeight = 0.25
)

// A Ramp lets the calls to a downstream that is back return over seconds. It knows the
// usual rate of calls from the time before; where there was none, there is no ramp, for
// nobody knows how much it would keep out. Any goroutine may use it.
type Ramp struct {
	guard
	config RampConfig
	early  *refusal
	shown  prometheus.Gauge
	begun  atomic.Bool // asked for, and not noticed yet

	mu      sync.Mutex
	usual   float64 // calls a second; 0: not known
	slot    time.Time
	calls   int       // in the slot
	began   time.Time // zero: there is no ramp
	refused time.Time // when it last did
	owed    float64   // how many it has refused that have not come back, as far as it knows
	tokens  float64
	filled  time.Time
}

// NewSlowStart makes the ramp of a downstream.
func NewSlowStart(r *Registry, target string, c RampConfig) *Ramp {
	a := &Ramp{guard: newGuard(r, SlowStart, target), config: c.withDefaults()}
	a.shown, a.early = a.figure(r.metrics.ramps), a.refusal("early")
	a.gate.OnChange(func(bool) { a.begun.Store(false) })
	return a
}

// Begin says that the downstream is back: the next call begins the ramp.
func (a *Ramp) Begin() { a.begun.Store(true) }

// Admit says whether a call may be made now. That all is well says that the call counts
// for what is usual.
func (a *Ramp) Admit(well bool) error {
	if !a.on() {
		return nil
	}
	if err := a.decide(time.Now(), well); err != nil {
		return err
	}
	a.admitted.Inc()
	return nil
}

func (a *Ramp) decide(now time.Time, well bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun.Swap(false) && a.usual > 0 {
		a.began, a.refused, a.filled, a.tokens, a.owed = now, now, now, 1, 0
	}
	if !a.began.IsZero() && a.isOver(now) {
		a.began, a.slot = time.Time{}, time.Time{}
		a.shown.Set(0)
	}
	switch {
	case !a.began.IsZero():
		return a.climb(now)
	case well:
		a.count(now)
	}
	return nil
}

func (a *Ramp) isOver(now time.Time) bool {
	lasted := now.Sub(a.began)
	return lasted >= rampMost || lasted >= a.config.Over && now.Sub(a.refused) >= rampCalm
}

// climb takes a token from a bucket that fills faster and faster.
func (a *Ramp) climb(now time.Time) error {
	rate := a.rate(now)
	a.shown.Set(rate)
	a.tokens = min(a.tokens+rate*now.Sub(a.filled).Seconds(), max(1, rate*rampBurst.Seconds()))
	a.filled = now
	if a.tokens < 1 {
		a.refused = now
		a.owed++
		return a.early.rejectFor(a.turn(rate))
	}
	a.tokens--
	a.owed = max(0, a.owed-1)
	return nil
}

// turn is when it is the turn of the call that was refused last, behind the others: told
// so, they do not all come back at the end of the ramp.
func (a *Ramp) turn(rate float64) time.Duration {
	return min(time.Duration(a.owed/rate*float64(time.Second)), rampMost)
}

// rate is how many calls a second the ramp lets through.
func (a *Ramp) rate(now time.Time) float64 {
	c := a.config
	climbed := min(now.Sub(a.began).Seconds()/c.Over.Seconds(), 1)
	return max(a.usual, c.Least) * (c.From + (c.To-c.From)*climbed)
}

// count counts a call. A slot that was followed by a pause says nothing: most likely the
// calls of its end were refused.
func (a *Ramp) count(now time.Time) {
	age := now.Sub(a.slot)
	if age < rampSlot {
		a.calls++
		return
	}
	if age < 2*rampSlot {
		a.learn(float64(a.calls) / rampSlot.Seconds())
	}
	a.slot, a.calls = now, 1
}

func (a *Ramp) learn(rate float64) {
	if a.usual == 0 {
		a.usual = rate
	}
	a.usual += rampWeight * (rate - a.usual)
}
