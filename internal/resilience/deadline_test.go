package resilience_test

import (
	"context"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

func TestBudget(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		header  string
		route   time.Duration
		on, off time.Duration
	}{
		{"", 0, 2000 * ms, 30_000 * ms},
		{"", 700 * ms, 700 * ms, 30_000 * ms},
		{"", 60_000 * ms, 30_000 * ms, 30_000 * ms},
		{"500", 700 * ms, 500 * ms, 30_000 * ms},
		{"900", 700 * ms, 700 * ms, 30_000 * ms},
		{"2500", 0, 2000 * ms, 30_000 * ms},
		{"0", 0, 0, 30_000 * ms},
		{"007", 0, 7 * ms, 30_000 * ms},
		{"999999999", 60_000 * ms, 30_000 * ms, 30_000 * ms},
	} {
		r := resilience.NewRegistry(nil)
		d := resilience.NewDeadline(r, resilience.DeadlineConfig{})
		if got, err := d.Budget(c.header, c.route); got != c.on || err != nil {
			t.Errorf("%q, %v: %v, %v, want %v", c.header, c.route, got, err, c.on)
		}
		set(t, r, resilience.Deadline, false)
		if got, err := d.Budget(c.header, c.route); got != c.off || err != nil {
			t.Errorf("off, %q, %v: %v, %v, want %v", c.header, c.route, got, err, c.off)
		}
	}
}

func TestBudgetMalformed(t *testing.T) {
	r := resilience.NewRegistry(nil)
	d := resilience.NewDeadline(r, resilience.DeadlineConfig{})
	for _, on := range []bool{true, false} {
		set(t, r, resilience.Deadline, on)
		for _, header := range []string{"-1", "+1", "1.5", "1s", " 1", "1 ", "0x10", "1_000", "١", "\x00", "1000000000", "/", ":"} {
			if got, err := d.Budget(header, 0); err == nil || err.Error() != "must be whole milliseconds, in 1 to 9 digits" {
				t.Errorf("on %v, %q: %v, %v", on, header, got, err)
			}
		}
	}
}

func FuzzBudget(f *testing.F) {
	for _, seed := range []string{"", "0", "1500", "999999999", "1e3", "-5"} {
		f.Add(seed)
	}
	d := resilience.NewDeadline(resilience.NewRegistry(nil), resilience.DeadlineConfig{})
	f.Fuzz(func(t *testing.T, header string) {
		if got, err := d.Budget(header, 0); got < 0 || got > 2*time.Second || err != nil && got != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestPropagate(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := resilience.NewRegistry(nil)
		d := resilience.NewDeadline(r, resilience.DeadlineConfig{})
		check := func(when, want string) {
			t.Helper()
			if got := d.Propagate(task); got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		check("without a deadline", "")
		task.WithTimeout(1500*time.Millisecond, func() error {
			check("at the start", "1500")
			task.Sleep(600*time.Millisecond + 1)
			check("later, rounded down", "899")
			time.Sleep(time.Second)
			check("past it", "0")
			set(t, r, resilience.Deadline, false)
			check("off", "")
			return nil
		})
	})
}

func TestExpired(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := newMeasured()
		d := resilience.NewDeadline(r.Registry, resilience.DeadlineConfig{})
		check := func(when string, want error) {
			t.Helper()
			if err := d.Expired(task); err != want {
				t.Errorf("%s: %v, want %v", when, err, want)
			}
		}
		check("without a deadline", nil)
		task.WithTimeout(time.Second, func() error {
			check("at the start", nil)
			time.Sleep(time.Second) // the loop is blocked, and fires no timer
			check("at its end", context.DeadlineExceeded)
			set(t, r.Registry, resilience.Deadline, false)
			check("off", nil)
			return nil
		})
		r.check(t, "rejections_total{deadline,expired,requests}", 1)
	})
}
