package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
)

// call makes a call that ends so; it returns the refusal if it may not be made.
func call(b *resilience.CircuitBreaker, end error) error {
	done, err := b.Allow()
	if err == nil {
		done(end)
	}
	return err
}

// trip makes as many calls fail as open the breaker.
func trip(t testing.TB, b *resilience.CircuitBreaker, failures int) {
	t.Helper()
	for range failures {
		checkRejected(t, call(b, errAway), "")
	}
	if b.State() != "open" {
		t.Fatalf("the breaker is %s after %d failures", b.State(), failures)
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		b := resilience.NewBreaker(r.Registry, "bank-a", resilience.BreakerConfig{})
		for i := range 4 {
			call(b, errAway)
			if b.State() != "closed" {
				t.Fatalf("it is %s after %d failures", b.State(), i+1)
			}
		}
		call(b, nil) // the row is broken
		trip(t, b, 5)
		r.check(t, "breaker_state{breaker,bank-a}", 2)

		time.Sleep(400 * time.Millisecond)
		err := call(b, nil)
		checkRejected(t, err, "breaker: bank-a: open")
		if e, _ := errors.AsType[*resilience.Rejection](err); e.RetryAfter != 600*time.Millisecond {
			t.Errorf("after 0.4 s of 1 s it says to come again in %v", e.RetryAfter)
		}

		time.Sleep(600*time.Millisecond + 1)
		probe, err := b.Allow()
		checkRejected(t, err, "")
		checkRejected(t, call(b, nil), "breaker: bank-a: half-open")
		r.check(t, "breaker_state{breaker,bank-a}", 1)
		probe(nil)
		if b.State() != "closed" {
			t.Errorf("after a good probe it is %s", b.State())
		}
		r.check(t, "breaker_state{breaker,bank-a}", 0)
		r.check(t, "transitions_total{breaker,bank-a}", 3)
		r.check(t, "admissions_total{breaker,bank-a}", 11)
		r.check(t, "rejections_total{breaker,open,bank-a}", 1)
		r.check(t, "rejections_total{breaker,half-open,bank-a}", 1)
	})
}

func TestBreakerOpensAgainAfterABadProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := resilience.BreakerConfig{Failures: 2, Open: time.Second, Probes: 2}
		b := resilience.NewBreaker(resilience.NewRegistry(nil), "bank-a", c)
		trip(t, b, 2)
		time.Sleep(time.Second + 1)
		checkRejected(t, call(b, nil), "")
		if b.State() != "half-open" {
			t.Errorf("after the first of two good probes it is %s", b.State())
		}
		checkRejected(t, call(b, errWork), "")
		checkRejected(t, call(b, nil), "breaker: bank-a: open")
	})
}

func TestBreakerDoesNotCountWhatSaysNothing(t *testing.T) {
	refused := &resilience.Rejection{By: resilience.Bulkhead}
	for _, c := range []struct {
		end  error
		want string
	}{
		{errWork, "open"},
		{context.DeadlineExceeded, "open"},
		{context.Canceled, "closed"},
		{fmt.Errorf("call: %w", context.Canceled), "closed"},
		{loop.ErrFull, "closed"},
		{loop.ErrClosed, "closed"},
		{pool.ErrFull, "closed"},
		{fmt.Errorf("call: %w", refused), "closed"},
	} {
		b := resilience.NewBreaker(resilience.NewRegistry(nil), "bank-a", resilience.BreakerConfig{Failures: 1})
		call(b, c.end)
		if b.State() != c.want {
			t.Errorf("%v: it is %s, want %s", c.end, b.State(), c.want)
		}
	}
}

// A probe whose caller left gives its place to the next.
func TestBreakerProbeThatIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(resilience.NewRegistry(nil), "bank-a", resilience.BreakerConfig{})
		trip(t, b, 5)
		time.Sleep(time.Second + 1)
		checkRejected(t, call(b, context.Canceled), "")
		checkRejected(t, call(b, nil), "")
		if b.State() != "closed" {
			t.Errorf("it is %s", b.State())
		}
	})
}

func TestBreakerCountsDoneOnce(t *testing.T) {
	b := resilience.NewBreaker(resilience.NewRegistry(nil), "bank-a", resilience.BreakerConfig{Failures: 2})
	done, _ := b.Allow()
	done(errWork)
	done(errWork)
	if b.State() != "closed" {
		t.Errorf("one failure, told twice, makes it %s", b.State())
	}
}

func TestBreakerSwitched(t *testing.T) {
	r := newMeasured()
	b := resilience.NewBreaker(r.Registry, "bank-a", resilience.BreakerConfig{Failures: 2})
	trip(t, b, 2)
	set(t, r.Registry, resilience.Breaker, false)
	r.check(t, "breaker_state{breaker,bank-a}", 0)
	for range 10 {
		checkRejected(t, call(b, errWork), "")
	}
	r.check(t, "admissions_total{breaker,bank-a}", 2)
	set(t, r.Registry, resilience.Breaker, true)
	trip(t, b, 2)
	r.check(t, "breaker_state{breaker,bank-a}", 2)
}

// Calls that began before a switch open no breaker after it.
func TestBreakerForgets(t *testing.T) {
	r := newMeasured()
	b := resilience.NewBreaker(r.Registry, "bank-a", resilience.BreakerConfig{Failures: 2})
	late, _ := b.Allow()
	later, _ := b.Allow()
	set(t, r.Registry, resilience.Breaker, false)
	set(t, r.Registry, resilience.Breaker, true)
	late(errWork)
	later(errWork)
	if b.State() != "closed" {
		t.Errorf("it is %s", b.State())
	}
	r.check(t, "breaker_state{breaker,bank-a}", 0)
}
