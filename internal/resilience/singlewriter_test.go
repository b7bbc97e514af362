package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

func TestSingleWriter(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := newMeasured()
		s := resilience.NewSingleWriter[string](r.Registry, "orders", task.Loop())
		var order []string
		work := func(task *loop.Task, key, name string) error {
			return s.Do(task, key, func() error {
				order = append(order, name)
				defer func() { order = append(order, "/"+name) }()
				return task.Sleep(time.Second)
			})
		}
		write := func(key, name string) {
			spawn(task, func(task *loop.Task) { work(task, key, name) })
		}
		run := func(want string) {
			t.Helper()
			order = nil
			write("1", "a")
			write("1", "b")
			write("2", "c")
			write("1", "d")
			task.Sleep(10 * time.Second)
			if got := fmt.Sprint(order); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		run("[a c /a b /c /b d /d]")
		r.check(t, "admissions_total{single-writer,orders}", 4)
		set(t, r.Registry, resilience.SingleWriter, false)
		run("[a b c d /a /b /c /d]")
		r.check(t, "admissions_total{single-writer,orders}", 4)
	})
}

func TestSingleWriterReturnsTheError(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		s := resilience.NewSingleWriter[int](resilience.NewRegistry(nil), "orders", task.Loop())
		if err := s.Do(task, 1, func() error { return errWork }); err != errWork {
			t.Error(err)
		}
		task.Cancel(errWork)
		if err := s.Do(task, 1, func() error { t.Error("a cancelled task runs"); return nil }); err != errWork {
			t.Error(err)
		}
	})
}

func TestSingleWriterIsBounded(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := newMeasured()
		s := resilience.NewSingleWriter[int](r.Registry, "orders", task.Loop())
		for round := range 2 {
			ran, refused := 0, 0
			for range 1 + 1024 + 5 {
				spawn(task, func(task *loop.Task) {
					err := s.Do(task, 1, func() error { ran++; return task.Sleep(time.Millisecond) })
					if err != nil {
						refused++
						checkRejected(t, err, "single-writer: orders: full")
					}
				})
			}
			task.Sleep(eventually)
			if ran != 1025 || refused != 5 {
				t.Errorf("round %d: %d ran and %d were refused", round, ran, refused)
			}
		}
		r.check(t, "rejections_total{single-writer,full,orders}", 10)
	})
}

// A turn that comes to a task which is cancelled, but does not know yet, goes on to the
// next.
func TestSingleWriterTurnOfACancelledTask(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		s := resilience.NewSingleWriter[int](resilience.NewRegistry(nil), "orders", task.Loop())
		var second *loop.Task
		spawn(task, func(task *loop.Task) {
			s.Do(task, 1, func() error {
				task.Sleep(time.Second)
				second.Cancel(errWork)
				return nil
			})
		})
		second = spawn(task, func(task *loop.Task) {
			if err := s.Do(task, 1, func() error { return nil }); err != errWork {
				t.Errorf("the second got %v", err)
			}
		})
		ran := false
		spawn(task, func(task *loop.Task) { s.Do(task, 1, func() error { ran = true; return nil }) })
		task.Sleep(time.Minute)
		if !ran {
			t.Error("the third waits for ever")
		}
	})
}

// A writer is a task of a drawn case, with times in milliseconds.
type writer struct {
	Key, Start, Work int
	Cancel           int // when it is cancelled, if above 0
	Crash            bool
}

func drawWriter(r *rapid.T) writer {
	return writer{
		Key:    rapid.IntRange(0, 2).Draw(r, "key"),
		Start:  rapid.IntRange(1, 20).Draw(r, "start"),
		Work:   rapid.IntRange(0, 10).Draw(r, "work"),
		Cancel: rapid.IntRange(-60, 60).Draw(r, "cancel"),
		Crash:  rapid.IntRange(0, 3).Draw(r, "crash") == 0,
	}
}

// crashing marks the contexts of the tasks that the crash of a test ends.
type crashing struct{}

// A writing is a drawn case under way.
type writing struct {
	serializer *resilience.Serializer[int]
	holder     map[int]int // by key, the writer that works on it
	last       map[int]int // by key, the place in line of the last one that worked on it
	lines      map[int]int // by key, how many have come
	ended      int
	errs       []error
}

func (w *writing) errorf(format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf(format, args...))
}

func (w *writing) write(t *loop.Task, id int, c writer) {
	w.lines[c.Key]++
	place := w.lines[c.Key]
	err := w.serializer.Do(t, c.Key, func() error {
		if other, taken := w.holder[c.Key]; taken {
			w.errorf("%d and %d work on %d", id, other, c.Key)
		}
		if place < w.last[c.Key] {
			w.errorf("%d overtakes on %d", w.last[c.Key], c.Key)
		}
		w.holder[c.Key], w.last[c.Key] = id, place
		defer delete(w.holder, c.Key)
		return t.Sleep(time.Duration(c.Work) * time.Millisecond)
	})
	w.ended++
	if err != nil && !errors.Is(err, context.Canceled) {
		w.errorf("%d: %w", id, err)
	}
	if err != nil && c.Cancel <= 0 {
		w.errorf("%d was not cancelled, but: %w", id, err)
	}
}

// Whoever is cancelled or crashes, waiting or working: one at a time, in their order,
// and in the end nobody has been forgotten.
func TestSingleWriterHoldsForAll(t *testing.T) {
	checkInBubble(t, func(r *rapid.T) {
		writers := rapid.SliceOfN(rapid.Custom(drawWriter), 1, 20).Draw(r, "writers")
		crash := rapid.IntRange(0, 40).Draw(r, "crash")
		var w *writing
		if err := runTask(func(t *loop.Task) { w = playWriters(t, writers, crash) }); err != nil {
			r.Fatal(err)
		}
		for _, err := range w.errs {
			r.Error(err)
		}
	})
}

func playWriters(t *loop.Task, writers []writer, crash int) *writing {
	w := &writing{holder: map[int]int{}, last: map[int]int{}, lines: map[int]int{}}
	w.serializer = resilience.NewSingleWriter[int](resilience.NewRegistry(nil), "orders", t.Loop())
	for id, c := range writers {
		ctx := context.WithValue(context.Background(), crashing{}, c.Crash)
		task := t.Loop().Spawn(ctx, "writer", func(t *loop.Task) {
			if t.Sleep(time.Duration(c.Start)*time.Millisecond) != nil {
				w.ended++
				return
			}
			w.write(t, id, c)
		})
		if c.Cancel > 0 {
			t.Loop().SetTimeout("cancel", time.Duration(c.Cancel)*time.Millisecond, func() { task.Cancel(nil) })
		}
	}
	t.Sleep(time.Duration(crash) * time.Millisecond)
	crashed := t.Loop().Abandon(func(ctx context.Context) bool { return ctx.Value(crashing{}) == true })
	t.Sleep(time.Minute)
	if w.ended+crashed != len(writers) {
		w.errorf("%d ended and %d crashed, of %d", w.ended, crashed, len(writers))
	}
	for key := range 3 {
		free := false
		t.WithTimeout(time.Second, func() error {
			return w.serializer.Do(t, key, func() error { free = true; return nil })
		})
		if !free {
			w.errorf("%d is still taken", key)
		}
	}
	return w
}
