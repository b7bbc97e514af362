package resilience_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/resilience"
)

// errAway is how a call ends whose callee cannot be reached.
var errAway = fmt.Errorf("%w: connection refused", resilience.ErrAway)

// pass makes a call that ends so; it returns the refusal if it may not be made.
func pass(d *resilience.Downstream, e resilience.End) error {
	p, err := d.Enter(true)
	if err == nil {
		p.End(e)
	}
	return err
}

func TestRatioBreakerOpensAtHalf(t *testing.T) {
	for _, c := range []struct {
		good, bad int
		want      string
	}{
		{0, 19, "closed"},
		{0, 20, "open"},
		{10, 9, "closed"},
		{10, 10, "open"},
		{12, 10, "closed"},
		{1000, 999, "closed"},
		{1000, 1000, "open"},
	} {
		b := resilience.NewRatioBreaker(resilience.NewRegistry(nil), "bank-a", resilience.RatioConfig{})
		for i := range c.good + c.bad {
			done, err := b.Allow()
			checkRejected(t, err, "")
			if i < c.good {
				done(nil)
			} else {
				done(errWork)
			}
		}
		if got := b.State(); got != c.want {
			t.Errorf("after %d good calls and %d bad ones it is %s, want %s", c.good, c.bad, got, c.want)
		}
	}
}

func TestRatioBreakerSlidesAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		b := resilience.NewRatioBreaker(r.Registry, "bank-a", resilience.RatioConfig{})
		calls := func(n int, end error) {
			for range n {
				if done, err := b.Allow(); err == nil {
					done(end)
				}
			}
		}
		calls(100, nil)
		time.Sleep(5 * time.Second)
		calls(60, errWork)
		time.Sleep(5*time.Second - 1)
		calls(1, errWork)
		if b.State() != "closed" {
			t.Errorf("with 100 good calls in the window it is %s", b.State())
		}
		time.Sleep(time.Second) // now they are too old
		calls(1, errWork)
		if b.State() != "open" {
			t.Errorf("without them it is %s", b.State())
		}
		_, err := b.Allow()
		checkRejected(t, err, "ratio-breaker: bank-a: open")
		r.check(t, "breaker_state{ratio-breaker,bank-a}", 2)
		r.check(t, "rejections_total{ratio-breaker,open,bank-a}", 1)
		r.check(t, "admissions_total{ratio-breaker,bank-a}", 162)
		time.Sleep(time.Second + 1)
		calls(1, nil)
		if b.State() != "closed" {
			t.Errorf("after a good probe it is %s", b.State())
		}
		set(t, r.Registry, resilience.RatioBreaker, false)
		calls(100, errWork)
		if b.State() != "closed" {
			t.Errorf("off, it is %s", b.State())
		}
	})
}

// traffic makes 100 calls a second for so long, of which bad says how each ends, and
// returns how many were refused.
func traffic(d *resilience.Downstream, lasts time.Duration, bad func(at time.Duration) error) (refused int) {
	const gap = 10 * time.Millisecond
	for at := time.Duration(0); at < lasts; at += gap {
		if pass(d, resilience.End{Err: bad(at)}) != nil {
			refused++
		}
		time.Sleep(gap)
	}
	return refused
}

func well(time.Duration) error { return nil }

// always makes all calls end so.
func always(err error) func(time.Duration) error {
	return func(time.Duration) error { return err }
}

// inRuns fails 30 % of the calls: 0.3 s of every second.
func inRuns(at time.Duration) error {
	if at%time.Second < 300*time.Millisecond {
		return errWork
	}
	return nil
}

// Errors in runs trip the rule of failures in a row many times a minute, and that of the
// ratio never: the drill breaker-flap.
func TestErrorsInRuns(t *testing.T) {
	for _, c := range []struct {
		ratio bool
		flaps bool
	}{{true, false}, {false, true}} {
		synctest.Test(t, func(t *testing.T) {
			r := resilience.NewRegistry(nil)
			d := resilience.NewDownstream(r, "bank-a", resilience.DownstreamConfig{})
			set(t, r, resilience.RatioBreaker, c.ratio)
			traffic(d, 5*time.Second, well)
			if refused := traffic(d, time.Minute, inRuns); (refused > 1000) != c.flaps || !c.flaps && refused > 0 {
				t.Errorf("with ratio-breaker %v, %d of 6000 calls are refused", c.ratio, refused)
			}
		})
	}
}

// What is down is found out at once: the drill dependency-down.
func TestOutages(t *testing.T) {
	for _, c := range []struct {
		name  string
		ratio bool
		end   error
		most  int // failures until it is closed to all calls
	}{
		{"away, by the run", true, errAway, 5},
		{"errors, by the run", false, errWork, 5},
		{"errors, by the ratio", true, errWork, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := resilience.NewRegistry(nil)
				d := resilience.NewDownstream(r, "bank-a", resilience.DownstreamConfig{})
				set(t, r, resilience.RatioBreaker, c.ratio)
				traffic(d, 20*time.Second, well)
				passed := 600 - traffic(d, 6*time.Second, always(c.end))
				if probes := 6; passed > c.most+probes || passed < c.most {
					t.Errorf("%d failures pass, want %d and up to %d probes", passed, c.most, probes)
				}
			})
		})
	}
}

// A downstream that is called rarely, and fails each time, never has the calls that a
// ratio needs: then the run decides.
func TestRunWithoutAnySuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := resilience.NewDownstream(resilience.NewRegistry(nil), "bank-a", resilience.DownstreamConfig{})
		checkRejected(t, pass(d, resilience.End{}), "")
		for range 11 { // the success grows old
			checkRejected(t, pass(d, resilience.End{Err: errWork}), "")
			time.Sleep(time.Second)
		}
		checkRejected(t, pass(d, resilience.End{Err: errWork}), "")
		checkRejected(t, pass(d, resilience.End{}), "breaker: bank-a: open")
	})
}

func TestPassage(t *testing.T) {
	r := newMeasured()
	d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{Breaker: resilience.BreakerConfig{Failures: 2}})
	p, _ := d.Enter(true)
	p.End(resilience.End{Err: errAway})
	p.End(resilience.End{Err: errAway}) // does not count
	checkRejected(t, pass(d, resilience.End{Err: context.Canceled}), "")
	checkRejected(t, pass(d, resilience.End{Err: errAway}), "")
	checkRejected(t, pass(d, resilience.End{}), "breaker: bank-a: open")
	r.check(t, "admissions_total{breaker,bank-a}", 3)
	r.check(t, "admissions_total{ratio-breaker,bank-a}", 3)
}

// What one protection refuses, those that were asked before it do not count.
func TestPassageRefused(t *testing.T) {
	r := newMeasured()
	set(t, r.Registry, resilience.AdaptiveLimit, true)
	d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{Limit: resilience.AdaptiveConfig{Least: 1, Initial: 1}})
	for range 5 {
		checkRejected(t, pass(d, resilience.End{Err: errAway}), "")
	}
	for range 3 {
		checkRejected(t, pass(d, resilience.End{}), "breaker: bank-a: open")
	}
	set(t, r.Registry, resilience.Breaker, false)
	p, err := d.Enter(true)
	checkRejected(t, err, "")
	checkRejected(t, pass(d, resilience.End{}), "adaptive-limit: bank-a: full")
	p.End(resilience.End{})
	checkRejected(t, pass(d, resilience.End{}), "")
}
