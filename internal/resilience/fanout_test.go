package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// parts counts what goes on in a fan-out.
type parts struct{ begun, running, most, ended int }

// work is a part that takes d.
func (p *parts) work(t *loop.Task, d time.Duration) error {
	p.begun++
	p.running++
	p.most = max(p.most, p.running)
	defer func() { p.running--; p.ended++ }()
	return t.Sleep(d)
}

func TestFanOut(t *testing.T) {
	for _, c := range []struct {
		name     string
		on       bool
		n, limit int
		most     int
		took     time.Duration
	}{
		{"within the limit", true, 3, 4, 3, time.Second},
		{"over the limit", true, 10, 4, 4, 3 * time.Second},
		{"one at a time", true, 3, 0, 1, 3 * time.Second},
		{"off", false, 10, 4, 10, time.Second},
		{"none", true, 0, 4, 0, 0},
		{"less than none", false, -1, 4, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			onLoop(t, func(task *loop.Task) {
				r := resilience.NewRegistry(nil)
				set(t, r, resilience.FanOutLimit, c.on)
				f := resilience.NewFanOut(r, "lines", c.limit)
				var p parts
				start, seen := time.Now(), map[int]bool{}
				err := f.Each(task, c.n, func(t *loop.Task, i int) error { seen[i] = true; return p.work(t, time.Second) })
				if took := time.Since(start); err != nil || p.most != c.most || took != c.took || len(seen) != max(c.n, 0) {
					t.Errorf("%v, %d parts, %d at once, in %v", err, len(seen), p.most, took)
				}
			})
		})
	}
}

// What is awaited in turn takes the sum of its parts, until the protection is on.
func TestFanOutInTurn(t *testing.T) {
	for _, c := range []struct {
		name string
		on   bool
		n    int
		most int
		took time.Duration
	}{
		{"on", true, 10, 4, 3 * time.Second},
		{"off", false, 10, 1, 10 * time.Second},
		{"off, none", false, -1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			onLoop(t, func(task *loop.Task) {
				r := resilience.NewRegistry(nil)
				set(t, r, resilience.FanOutLimit, c.on)
				f := resilience.NewFanOut(r, "lines", 4)
				var p parts
				start := time.Now()
				err := f.EachInTurn(task, c.n, func(t *loop.Task, _ int) error { return p.work(t, time.Second) })
				if took := time.Since(start); err != nil || p.ended != max(c.n, 0) || p.most != c.most || took != c.took {
					t.Errorf("%v, %+v in %v", err, p, took)
				}
			})
		})
	}
}

func TestFanOutInTurnFails(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := resilience.NewRegistry(nil)
		set(t, r, resilience.FanOutLimit, false)
		f := resilience.NewFanOut(r, "lines", 4)
		var p parts
		all := func() error {
			return f.EachInTurn(task, 10, func(t *loop.Task, i int) error {
				p.begun++
				if i == 2 {
					return errWork
				}
				return nil
			})
		}
		if err := all(); err != errWork || p.begun != 3 {
			t.Errorf("the third fails: %v after %d", err, p.begun)
		}
		err := task.WithTimeout(0, all)
		if err != context.DeadlineExceeded || p.begun != 3 {
			t.Errorf("out of time: %v after %d", err, p.begun-3)
		}
	})
}

func TestFanOutOfPartsThatDoNotWait(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		f := resilience.NewFanOut(resilience.NewRegistry(nil), "lines", 3)
		var order []int
		if err := f.Each(task, 5, func(_ *loop.Task, i int) error { order = append(order, i); return nil }); err != nil || len(order) != 5 {
			t.Errorf("%v, %v", err, order)
		}
		order = nil
		err := f.Each(task, 5, func(_ *loop.Task, i int) error { order = append(order, i); return errWork })
		if err != errWork || len(order) != 1 {
			t.Errorf("the first fails: %v, %v", err, order)
		}
	})
}

// The first error ends the others, and Each waits for them, also for what they must
// finish.
func TestFanOutFails(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		f := resilience.NewFanOut(resilience.NewRegistry(nil), "lines", 4)
		var p parts
		start := time.Now()
		err := f.Each(task, 10, func(t *loop.Task, i int) error {
			switch i {
			case 0:
				return errors.Join(p.work(t, time.Second), errWork)
			case 1:
				return t.Shielded(func() error { return p.work(t, 5*time.Second) })
			}
			return p.work(t, eventually)
		})
		if !errors.Is(err, errWork) || p.begun != 4 || p.ended != 4 || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v, %+v", err, time.Since(start), p)
		}
		if task.Err() != nil {
			t.Errorf("the caller is cancelled: %v", task.Err())
		}
	})
}

func TestFanOutCancelled(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		f := resilience.NewFanOut(resilience.NewRegistry(nil), "lines", 4)
		var p parts
		all := func(task *loop.Task) error {
			return f.Each(task, 10, func(t *loop.Task, _ int) error {
				err := p.work(t, eventually)
				p.ended--
				t.Shielded(func() error { return t.Sleep(100 * time.Millisecond) }) // cleans up
				p.ended++
				return err
			})
		}
		spawned := spawn(task, func(task *loop.Task) {
			if err := all(task); err != errWork || p.ended != 4 {
				t.Errorf("cancelled: %v, %+v", err, p)
			}
			if err := all(task); err != errWork || p.begun != 4 {
				t.Errorf("cancelled before: %v, %+v", err, p)
			}
		})
		task.Sleep(time.Second)
		spawned.Cancel(errWork)
		task.Sleep(time.Second)

		p = parts{}
		err := task.WithTimeout(time.Second, func() error { return all(task) })
		if err != context.DeadlineExceeded || p.ended != 4 {
			t.Errorf("out of time: %v, %+v", err, p)
		}
	})
}

// A part that is unwound is no part that went well.
func TestFanOutAbandoned(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		f := resilience.NewFanOut(resilience.NewRegistry(nil), "lines", 4)
		task.Loop().SetTimeout("crash", time.Second, func() {
			n := 0
			task.Loop().Abandon(func(ctx context.Context) bool { n++; return n == 2 })
		})
		var p parts
		err := f.Each(task, 2, func(t *loop.Task, _ int) error { return p.work(t, 2*time.Second) })
		if err == nil || err.Error() != "fan-out: a part was abandoned" || p.ended != 2 {
			t.Errorf("%v, %+v", err, p)
		}
	})
}
