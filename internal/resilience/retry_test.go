package resilience_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/resilience"
)

func TestRetryPauses(t *testing.T) {
	r := resilience.NewRegistry(nil)
	set(t, r, resilience.Jitter, false)
	y := resilience.NewRetry(r, "bank-a", resilience.RetryConfig{Attempts: 8, Max: 300 * time.Millisecond}, random())
	for _, c := range []struct {
		attempts int
		want     time.Duration
		ok       bool
	}{
		{1, 20 * time.Millisecond, true},
		{2, 40 * time.Millisecond, true},
		{3, 80 * time.Millisecond, true},
		{4, 160 * time.Millisecond, true},
		{5, 300 * time.Millisecond, true},
		{7, 300 * time.Millisecond, true},
		{8, 0, false},
		{9, 0, false},
	} {
		if wait, err := y.Next(c.attempts, false); wait != c.want || (err == nil) != c.ok {
			t.Errorf("after %d: %v %v, want %v %v", c.attempts, wait, err, c.want, c.ok)
		}
	}
}

func TestRetryJitter(t *testing.T) {
	r := resilience.NewRegistry(nil)
	set(t, r, resilience.RetryBudget, false)
	y := resilience.NewRetry(r, "bank-a", resilience.RetryConfig{}, random())
	const n = 1000
	lowest, highest, sum := time.Hour, time.Duration(0), time.Duration(0)
	for range n {
		wait, _ := y.Next(2, false)
		lowest, highest, sum = min(lowest, wait), max(highest, wait), sum+wait
	}
	if lowest < 0 || lowest > time.Millisecond || highest > 40*time.Millisecond || highest < 39*time.Millisecond {
		t.Errorf("pauses are from %v to %v, want all of 0 to 40 ms", lowest, highest)
	}
	if mean := sum / n; mean < 18*time.Millisecond || mean > 22*time.Millisecond {
		t.Errorf("pauses are %v on average, want about 20 ms", mean)
	}
}

func TestRetryLayer(t *testing.T) {
	r := newMeasured()
	y := resilience.NewRetry(r.Registry, "payments", resilience.RetryConfig{}, random())
	_, err := y.Next(1, true)
	checkRejected(t, err, "retry-layer: payments: answered")
	r.check(t, "rejections_total{retry-layer,answered,payments}", 1)
	set(t, r.Registry, resilience.RetryLayer, false)
	if _, err := y.Next(1, true); err != nil {
		t.Errorf("what was answered is not tried again while the protection is off: %v", err)
	}
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		y := resilience.NewRetry(r.Registry, "bank-a", resilience.RetryConfig{}, random())
		retries := func(want int) {
			t.Helper()
			n := 0
			_, err := y.Next(1, false)
			for ; err == nil; n++ {
				_, err = y.Next(1, false)
			}
			checkRejected(t, err, "retry-budget: bank-a: empty")
			if n != want {
				t.Errorf("%d retries, want %d", n, want)
			}
		}
		r.check(t, "retry_budget_retries{bank-a}", 10)
		retries(10)
		r.check(t, "retry_budget_retries{bank-a}", 0)
		time.Sleep(3 * time.Second)
		retries(3)
		for range 25 {
			y.Begin()
		}
		retries(2)
		for range 1000 {
			y.Begin()
		}
		retries(10)
		r.check(t, "admissions_total{retry-budget,bank-a}", 25)
		r.check(t, "rejections_total{retry-budget,empty,bank-a}", 4)
		set(t, r.Registry, resilience.RetryBudget, false)
		if _, err := y.Next(2, false); err != nil {
			t.Errorf("without a budget it is not tried again: %v", err)
		}
		if _, err := y.Next(3, false); err == nil {
			t.Error("without a budget the attempts have no bound")
		}
	})
}

func TestRetryBudgetThatEarnsNothing(t *testing.T) {
	y := resilience.NewRetry(resilience.NewRegistry(nil), "bank-a", resilience.RetryConfig{Budget: -1, MinPerSecond: -1}, random())
	y.Begin()
	if _, err := y.Next(1, false); err == nil {
		t.Error("there is a retry all the same")
	}
}

// Whatever comes in whatever order, retries stay within what calls and time have earned
// and a burst.
func TestRetryBudgetIsNeverOverdrawn(t *testing.T) {
	checkInBubble(t, func(r *rapid.T) {
		c := resilience.RetryConfig{
			Budget:       rapid.Float64Range(0.01, 2).Draw(r, "budget"),
			MinPerSecond: rapid.Float64Range(0.1, 20).Draw(r, "min per second"),
		}
		y := resilience.NewRetry(resilience.NewRegistry(nil), "bank-a", c, random())
		start, calls, retries := time.Now(), 0, 0
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 9), 1, 300).Draw(r, "steps") {
			switch {
			case step == 0:
				time.Sleep(250 * time.Millisecond)
			case step < 4:
				y.Begin()
				calls++
			default:
				if _, err := y.Next(1, false); err == nil {
					retries++
				}
			}
			earned := 10*c.MinPerSecond + c.Budget*float64(calls) + c.MinPerSecond*time.Since(start).Seconds()
			if float64(retries) > earned+1e-6 {
				r.Fatalf("%d retries, but %v were earned", retries, earned)
			}
		}
	})
}
