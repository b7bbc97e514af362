package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
)

// crowd has n tasks make a call of a second within a group, and returns how many were
// refused and how long the others took.
func crowd(t *loop.Task, g *loop.Group, c *resilience.Compartment, n int) (refused int, took time.Duration) {
	start, tasks := time.Now(), []*loop.Promise[struct{}]{}
	for range n {
		tasks = append(tasks, loop.Async(t.Context(), t.Loop(), "caller", func(t *loop.Task) (none struct{}, _ error) {
			_, err := loop.Go(t, g, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
			if c.Refused(err) != nil {
				refused++
			}
			return none, nil
		}))
	}
	loop.Await(t, loop.All(t.Loop(), "callers", tasks...))
	return refused, time.Since(start)
}

func TestBulkhead(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := newMeasured()
		g := loop.NewGroup(task.Loop(), loop.GroupConfig{})
		b := resilience.NewBulkhead(r.Registry, "redis", g, 2, 4)
		if refused, took := crowd(task, g, b, 10); refused != 4 || took != 3*time.Second {
			t.Errorf("of 10 calls, 2 at once and 4 waiting: %d refused, took %v", refused, took)
		}
		r.check(t, "admissions_total{bulkhead,redis}", 6)
		r.check(t, "rejections_total{bulkhead,full,redis}", 4)

		set(t, r.Registry, resilience.QueueBound, false)
		if refused, took := crowd(task, g, b, 100); refused != 0 || took != 50*time.Second {
			t.Errorf("of 100 calls, 2 at once, without a bound of those that wait: %d refused, took %v", refused, took)
		}
		set(t, r.Registry, resilience.QueueBound, true)

		set(t, r.Registry, resilience.Bulkhead, false)
		if refused, took := crowd(task, g, b, 100); refused != 0 || took != time.Second {
			t.Errorf("of 100 calls without a bulkhead: %d refused, took %v", refused, took)
		}
		set(t, r.Registry, resilience.Bulkhead, true)
		if refused, _ := crowd(task, g, b, 10); refused != 4 {
			t.Errorf("of 10 calls with the bulkhead on again: %d refused", refused)
		}
	})
}

func TestBulkheadDetails(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := resilience.NewRegistry(nil)
		g := loop.NewGroup(task.Loop(), loop.GroupConfig{})
		resilience.NewBulkhead(r, "redis", g, 1, 4)
		for range 3 {
			spawn(task, func(t *loop.Task) {
				loop.Go(t, g, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
			})
		}
		i := slices.IndexFunc(r.States(), func(s resilience.State) bool { return s.Name == resilience.Bulkhead })
		if got := fmt.Sprint(r.States()[i].Details); got != "[redis: 1 in flight, 2 waiting]" {
			t.Error(got)
		}
		task.Sleep(5 * time.Second)
	})
}

func TestRefused(t *testing.T) {
	r := newMeasured()
	c := resilience.NewBulkhead(r.Registry, "redis", loop.NewGroup(loop.New(loop.Config{}), loop.GroupConfig{}), 1, 1)
	const rejected = "bulkhead: redis: full"
	checkRejected(t, c.Refused(nil), "")
	checkRejected(t, c.Refused(loop.ErrFull), rejected)
	checkRejected(t, c.Refused(fmt.Errorf("get: %w", pool.ErrFull)), rejected)
	if err := c.Refused(errWork); err != errWork {
		t.Errorf("another error becomes %v", err)
	}
	r.check(t, "admissions_total{bulkhead,redis}", 2)
	if err := c.Refused(&resilience.Rejection{By: resilience.CoDel}); err.(*resilience.Rejection).By != resilience.CoDel {
		t.Errorf("another's rejection becomes %v", err)
	}
	r.check(t, "admissions_total{bulkhead,redis}", 2)
}

// A configured class remembers its bounds.
type configured struct {
	*pool.Class
	bounds pool.ClassConfig
}

func (c *configured) Configure(bounds pool.ClassConfig) {
	c.bounds = bounds
	c.Class.Configure(bounds)
}

func TestShare(t *testing.T) {
	p := pool.New(pool.Config{})
	defer p.Close()
	class := &configured{Class: p.Class("thumbnails", pool.ClassConfig{})}
	on, off := pool.ClassConfig{Share: 1, Queue: 8}, pool.ClassConfig{Queue: pool.Unbounded}
	r := resilience.NewRegistry(nil)
	c := resilience.NewShare(r, "thumbnails", class, on, off)
	if class.bounds != on {
		t.Errorf("it starts with %+v", class.bounds)
	}
	for _, s := range []struct {
		bulkhead, bound bool
		want            pool.ClassConfig
	}{
		{false, true, pool.ClassConfig{Queue: 8}},
		{false, false, off},
		{true, false, pool.ClassConfig{Share: 1, Queue: pool.Unbounded}},
		{true, true, on},
	} {
		set(t, r, resilience.Bulkhead, s.bulkhead)
		set(t, r, resilience.QueueBound, s.bound)
		if class.bounds != s.want {
			t.Errorf("bulkhead %v, queue-bound %v: it has %+v, want %+v", s.bulkhead, s.bound, class.bounds, s.want)
		}
	}
	checkRejected(t, c.Refused(pool.ErrFull), "bulkhead: thumbnails: full")
}

func TestOffload(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		p := pool.New(pool.Config{Workers: 1})
		defer p.Close()
		r := newMeasured()
		o := resilience.NewOffload(r.Registry, "hash", p.Class("hash", pool.ClassConfig{Queue: 1}))
		work := func(t *loop.Task) (int, error) {
			return resilience.Run(t, o, func(context.Context) (int, error) { time.Sleep(time.Second); return 7, errWork })
		}
		for range 2 {
			spawn(task, func(task *loop.Task) {
				if v, err := work(task); v != 7 || err != errWork {
					t.Errorf("got %v, %v", v, err)
				}
			})
		}
		_, err := work(task)
		checkRejected(t, err, "bulkhead: hash: full")
		task.Sleep(2500 * time.Millisecond)
		r.check(t, "admissions_total{offload,hash}", 2)
		r.check(t, "rejections_total{bulkhead,full,hash}", 1)

		set(t, r.Registry, resilience.Offload, false)
		late := eventually
		due := time.Now().Add(100 * time.Millisecond)
		task.Loop().SetTimeout("due", 100*time.Millisecond, func() { late = time.Since(due) })
		if v, err := work(task); v != 7 || !errors.Is(err, errWork) {
			t.Errorf("on the loop: got %v, %v", v, err)
		}
		task.Sleep(time.Millisecond)
		if late != 900*time.Millisecond {
			t.Errorf("a timer due at 0.1 s of 1 s on the loop is late by %v", late)
		}
		r.check(t, "admissions_total{offload,hash}", 2)
	})
}
