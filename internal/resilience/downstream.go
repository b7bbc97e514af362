package resilience

import (
	"context"
	"sync/atomic"
)

// DownstreamConfig says how the protections before a downstream work.
type DownstreamConfig struct {
	Breaker BreakerConfig
	// Ratio.Minimum is at least Breaker.Failures.
	Ratio RatioConfig
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
}

// NewDownstream makes the protections of a target.
func NewDownstream(r *Registry, target string, c DownstreamConfig) *Downstream {
	c = c.withDefaults()
	return &Downstream{
		breaker: NewBreaker(r, target, c.Breaker),
		ratio:   NewRatioBreaker(r, target, c.Ratio),
	}
}

// An End is how a call ended.
type End struct {
	// Err is nil for well. It counts as for [CircuitBreaker.Allow].
	Err error
}

// A Passage is a call that was let through.
type Passage struct {
	ended  atomic.Bool
	failed [2]func(error)
}

// Enter says whether a call may be made. If so, End of the passage must be called with how
// it ended, also when the task is unwound. If not, the error is a Rejection.
func (d *Downstream) Enter() (*Passage, error) {
	p := &Passage{}
	for i, enter := range [...]func() (func(error), error){d.breaker.enter, d.ratio.enter} {
		done, err := enter()
		if err != nil {
			p.End(End{Err: context.Canceled})
			return nil, err
		}
		p.failed[i] = done
	}
	return p, nil
}

// End tells the protections how the call ended. Only the first time counts.
func (p *Passage) End(e End) {
	if p.ended.Swap(true) {
		return
	}
	for _, done := range p.failed {
		if done != nil {
			done(e.Err)
		}
	}
}
