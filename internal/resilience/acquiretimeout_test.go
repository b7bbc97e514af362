package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// What must be undone is not refused for a wait after which it could still be done.
func TestAcquireTimeoutOfAShieldedTask(t *testing.T) {
	for _, c := range []struct {
		held, took time.Duration
		rejection  string
	}{
		{500 * time.Millisecond, 1400 * time.Millisecond, ""},
		{time.Minute, time.Second, "acquire-timeout: redis: late"},
	} {
		onLoop(t, func(task *loop.Task) {
			group := loop.NewGroup(task.Loop(), loop.GroupConfig{Limit: 1, Queue: 10})
			a := resilience.NewAcquireTimeout(resilience.NewRegistry(nil), "redis", 100*time.Millisecond)
			spawn(task, func(t *loop.Task) { _ = work(t, group, c.held+time.Millisecond) })
			task.Sleep(time.Millisecond)
			began := time.Now()
			err := task.WithTimeout(time.Millisecond, func() error {
				return task.Shielded(func() error {
					_, err := resilience.Go(task, a, group, time.Second, func(context.Context) (int, error) {
						time.Sleep(900 * time.Millisecond)
						return 0, nil
					})
					return err
				})
			})
			checkRejected(t, err, c.rejection)
			if took := time.Since(began).Round(time.Millisecond); took != c.took {
				t.Errorf("a place is free after %v: it took %v, want %v", c.held, took, c.took)
			}
		})
	}
}

// A call waits for 0.1 s for its place behind one that keeps it for longer, and takes
// some time itself.
func TestAcquireTimeout(t *testing.T) {
	const late = "acquire-timeout: redis: late"
	for _, c := range []struct {
		name        string
		on          bool
		held, takes time.Duration // how long the place is taken, and then by the call
		patience    time.Duration // of the caller
		took        time.Duration
		rejection   string
		err         error
	}{
		{"a place is free", true, 0, 900 * time.Millisecond, time.Hour, 900 * time.Millisecond, "", nil},
		{"one is soon", true, 90 * time.Millisecond, 900 * time.Millisecond, time.Hour, 990 * time.Millisecond, "", nil},
		{"one is late", true, time.Minute, 0, time.Hour, 100 * time.Millisecond, late, nil},
		{"the call is slow", true, 90 * time.Millisecond, time.Minute, time.Hour, 1090 * time.Millisecond, "", context.DeadlineExceeded},
		{"the caller leaves first", true, time.Minute, 0, 50 * time.Millisecond, 50 * time.Millisecond, "", context.DeadlineExceeded},
		{"off", false, time.Minute, 0, time.Hour, time.Second, "", context.DeadlineExceeded},
		{"off, a place is late", false, 500 * time.Millisecond, 100 * time.Millisecond, time.Hour, 600 * time.Millisecond, "", nil},
	} {
		onLoop(t, func(task *loop.Task) {
			r := newMeasured()
			set(t, r.Registry, resilience.AcquireTimeout, c.on)
			group := loop.NewGroup(task.Loop(), loop.GroupConfig{Limit: 1, Queue: 10})
			a := resilience.NewAcquireTimeout(r.Registry, "redis", 100*time.Millisecond)
			if c.held > 0 {
				spawn(task, func(t *loop.Task) { _ = work(t, group, c.held+time.Millisecond) })
				task.Sleep(time.Millisecond)
			}
			began := time.Now()
			err := task.WithTimeout(c.patience, func() error {
				_, err := resilience.Go(task, a, group, time.Second, func(context.Context) (int, error) { time.Sleep(c.takes); return 0, nil })
				return err
			})
			took := time.Since(began)
			if took.Round(time.Millisecond) != c.took {
				t.Errorf("%s: it took %v, want %v", c.name, took, c.took)
			}
			if c.err == nil {
				checkRejected(t, err, c.rejection)
			} else if !errors.Is(err, c.err) {
				t.Errorf("%s: %v, want %v", c.name, err, c.err)
			}
			r.check(t, "rejections_total{acquire-timeout,late,redis}", map[bool]float64{true: 1}[c.rejection != ""])
			task.Sleep(time.Hour) // all have ended, and the place is free
			if running, waiting := group.InFlight(); running+waiting != 0 {
				t.Errorf("%s: %d run and %d wait", c.name, running, waiting)
			}
		})
	}
}
