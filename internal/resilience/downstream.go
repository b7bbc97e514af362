package resilience

import (
	"context"
	"sync/atomic"
	"time"
)

// DownstreamConfig says how the protections before a downstream work.
type DownstreamConfig struct {
	Breaker BreakerConfig
	// Ratio.Minimum is at least Breaker.Failures.
	Ratio RatioConfig
	Slow  SlowConfig
	Ramp  RampConfig
	// Unramped says that there is no slow-start, as where no call is new work.
	Unramped bool
	Limit    AdaptiveConfig
}

func (c DownstreamConfig) withDefaults() DownstreamConfig {
	c.Breaker, c.Ratio = c.Breaker.withDefaults(), c.Ratio.withDefaults()
	c.Ratio.Minimum = max(c.Ratio.Minimum, c.Breaker.Failures)
	return c
}

// A Downstream holds the protections that stand before all calls to one service, bank or
// store, and asks them in turn. Any goroutine may use it.
type Downstream struct {
	breaker *CircuitBreaker
	ratio   *RatioCircuit
	slow    *SlowCircuit
	ramp    *Ramp // nil for none
	limit   *AdaptiveLimiter
}

// NewDownstream makes the protections of a target.
func NewDownstream(r *Registry, target string, c DownstreamConfig) *Downstream {
	c = c.withDefaults()
	d := &Downstream{limit: NewAdaptiveLimit(r, target, c.Limit)}
	var back func()
	if !c.Unramped {
		d.ramp = NewSlowStart(r, target, c.Ramp)
		back = d.ramp.Begin
	}
	d.breaker = newBreaker(r, target, c.Breaker, back)
	d.ratio = newRatioBreaker(r, target, c.Ratio, back)
	d.slow = newSlowBreaker(r, target, c.Slow, back)
	return d
}

// An End is how a call ended.
type End struct {
	// Err is nil for well. It counts as for [CircuitBreaker.Allow].
	Err error
	// Took is how long the downstream had it; less than 0 if it never heard of it.
	Took time.Duration
}

// A Passage is a call that was let through. It must end, and does so once.
type Passage struct {
	downstream                  *Downstream
	ended                       atomic.Bool
	limit, breaker, ratio, slow func(error)
}

// Enter says whether a call may be made. One that is not new work, but ends what was begun,
// passes slow-start: to refuse it would undo that. If it may be made, End of the passage must be called with how
// it ended, also when the task is unwound. If not, the error is a Rejection.
func (d *Downstream) Enter(isNew bool) (*Passage, error) {
	p := &Passage{downstream: d}
	var err error
	if p.limit, err = d.limit.Enter(); err == nil {
		p.breaker, err = d.breaker.enter()
	}
	if err == nil {
		p.ratio, err = d.ratio.enter()
	}
	if err == nil {
		p.slow, err = d.slow.enter()
	}
	if err == nil && isNew && d.ramp != nil {
		err = d.ramp.Admit(d.isWell())
	}
	if err != nil {
		p.End(End{Err: context.Canceled})
		return nil, err
	}
	return p, nil
}

// isWell says whether no breaker has anything against the downstream.
func (d *Downstream) isWell() bool {
	return d.breaker.isClosed() && d.ratio.isClosed() && d.slow.isClosed()
}

// End tells the protections how the call ended. Only the first time counts.
func (p *Passage) End(e End) {
	if p.ended.Swap(true) {
		return
	}
	tell(p.limit, e.Err)
	tell(p.breaker, e.Err)
	tell(p.ratio, e.Err)
	tell(p.slow, p.downstream.slow.Judge(e))
}

// tell tells a protection, if it was asked.
func tell(done func(error), end error) {
	if done != nil {
		done(end)
	}
}
