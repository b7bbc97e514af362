package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// A bank has workers that take 20 ms for a call, behind a limit and a long queue.
type limited struct {
	limit   *resilience.AdaptiveLimiter
	workers *loop.Group
	good    int // calls that ended within 0.2 s
	refused int
}

// load makes so many calls a second, evenly, for so long.
func (b *limited) load(t *loop.Task, rate int, lasts time.Duration) {
	b.good, b.refused = 0, 0
	gap := time.Second / time.Duration(rate)
	calls := 0
	for tick := time.Duration(0); tick < lasts; tick += time.Millisecond {
		for ; time.Duration(calls)*gap <= tick; calls++ {
			spawn(t, b.call)
		}
		t.Sleep(time.Millisecond)
	}
}

func (b *limited) call(t *loop.Task) {
	began := time.Now()
	done, err := b.limit.Enter()
	if err != nil {
		b.refused++
		return
	}
	done(work(t, b.workers, 20*time.Millisecond))
	if time.Since(began) <= 200*time.Millisecond {
		b.good++
	}
}

func newLimited(t *loop.Task, on bool) *limited {
	r := newMeasured()
	if err := r.Set(map[resilience.Name]bool{resilience.AdaptiveLimit: on}); err != nil {
		panic(err)
	}
	return &limited{
		limit:   resilience.NewAdaptiveLimit(r.Registry, "bank-a", resilience.AdaptiveConfig{}),
		workers: loop.NewGroup(t.Loop(), loop.GroupConfig{Limit: 8, Queue: 100_000}),
	}
}

// C is 400 calls a second. A healthy load is never refused; of three times C, C is
// served in time; when only a quarter of the workers is left, the limit follows.
func TestAdaptiveLimit(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		b := newLimited(task, true)
		b.load(task, 300, 10*time.Second)
		if b.refused != 0 || b.good < 2990 {
			t.Errorf("of a healthy load, %d are refused and %d of 3000 good", b.refused, b.good)
		}
		b.load(task, 1200, 3*time.Second) // it learns
		b.load(task, 1200, 5*time.Second)
		if limit := b.limit.Limit(); b.good < 1900 || limit < 9 || limit > 40 {
			t.Errorf("of three times C, %d of 2000 are good, with a limit of %d", b.good, limit)
		}
		b.workers.SetLimit(2, 100_000)
		b.load(task, 300, 3*time.Second)
		b.load(task, 300, 5*time.Second)
		if b.good < 475 {
			t.Errorf("of a quarter of C, %d of 500 are good, with a limit of %d", b.good, b.limit.Limit())
		}
		b.workers.SetLimit(8, 100_000)
		b.load(task, 300, 3*time.Second)
		b.load(task, 300, 10*time.Second)
		if b.refused != 0 || b.good < 2990 {
			t.Errorf("when all are back, %d are refused and %d of 3000 good", b.refused, b.good)
		}
	})
}

func TestWithoutAdaptiveLimit(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		b := newLimited(task, false)
		b.load(task, 1200, 3*time.Second)
		b.load(task, 1200, 5*time.Second)
		if b.good != 0 || b.refused != 0 {
			t.Errorf("of three times C, %d are good and %d refused", b.good, b.refused)
		}
		task.Sleep(time.Minute)
	})
}

// What failed at once, or was left, says nothing of how long calls take.
func TestAdaptiveLimitLearnsFromAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			end   error
			lower bool
		}{{nil, true}, {context.DeadlineExceeded, true}, {errWork, false}, {context.Canceled, false}} {
			r := resilience.NewRegistry(nil)
			set(t, r, resilience.AdaptiveLimit, true)
			a := resilience.NewAdaptiveLimit(r, "bank-a", resilience.AdaptiveConfig{})
			calls := func(n int, takes time.Duration, end error) {
				for range n {
					done, err := a.Enter()
					checkRejected(t, err, "")
					time.Sleep(takes)
					done(end)
				}
			}
			calls(100, 10*time.Millisecond, nil)
			before := a.Limit()
			calls(100, time.Second, c.end)
			if lower := a.Limit() < before; lower != c.lower {
				t.Errorf("%v: the limit goes from %d to %d", c.end, before, a.Limit())
			}
		}
	})
}

func TestAdaptiveLimitIsFull(t *testing.T) {
	r := newMeasured()
	set(t, r.Registry, resilience.AdaptiveLimit, true)
	a := resilience.NewAdaptiveLimit(r.Registry, "bank-a", resilience.AdaptiveConfig{Initial: 10})
	for range 10 {
		_, err := a.Enter()
		checkRejected(t, err, "")
	}
	_, err := a.Enter()
	checkRejected(t, err, "adaptive-limit: bank-a: full")
	r.check(t, "adaptive_limit_calls{bank-a}", 10)
	r.check(t, "admissions_total{adaptive-limit,bank-a}", 10)
	r.check(t, "rejections_total{adaptive-limit,full,bank-a}", 1)
}
