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

func TestCoalesce(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		r := newMeasured()
		c := resilience.NewCoalesce[string, int](r.Registry, "catalogue", task.Loop(), 10)
		loads, answered := 0, 0
		load := func(t *loop.Task) (int, error) {
			loads++
			mine := loads
			return mine, t.Sleep(time.Second)
		}
		ask := func(key string, want int) {
			spawn(task, func(task *loop.Task) {
				if v, err := c.Do(task, key, load); v != want || err != nil {
					t.Errorf("%s: got %d, %v, want %d", key, v, err, want)
				}
				answered++
			})
		}
		ask("a", 1)
		ask("a", 1)
		ask("b", 2)
		task.Sleep(999 * time.Millisecond)
		ask("a", 1)
		task.Sleep(2 * time.Millisecond)
		ask("a", 3) // the first load has ended
		task.Sleep(2 * time.Second)
		r.check(t, "admissions_total{coalesce,catalogue}", 2)
		set(t, r.Registry, resilience.Coalesce, false)
		ask("a", 4)
		ask("a", 5)
		task.Sleep(2 * time.Second)
		if answered != 7 {
			t.Errorf("%d of 7 were answered", answered)
		}
		r.check(t, "admissions_total{coalesce,catalogue}", 2)
	})
}

func TestCoalesceIsBounded(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		c := resilience.NewCoalesce[int, int](resilience.NewRegistry(nil), "catalogue", task.Loop(), 2)
		load := func(t *loop.Task) (int, error) { return 0, t.Sleep(time.Second) }
		for _, q := range []struct {
			key  int
			want string
		}{{1, ""}, {2, ""}, {3, "coalesce: catalogue: full"}, {1, ""}} {
			spawn(task, func(task *loop.Task) {
				_, err := c.Do(task, q.key, load)
				checkRejected(t, err, q.want)
			})
		}
		task.Sleep(2 * time.Second)
		_, err := c.Do(task, 3, load)
		checkRejected(t, err, "")
	})
}

// A load belongs to nobody: it goes on when the one who began it leaves.
func TestCoalesceOutlivesItsFirstCaller(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		c := resilience.NewCoalesce[int, string](resilience.NewRegistry(nil), "catalogue", task.Loop(), 2)
		type user struct{}
		load := func(t *loop.Task) (string, error) {
			return fmt.Sprint(t.Context().Value(user{})), t.Sleep(time.Second)
		}
		first := task.Loop().Spawn(context.WithValue(context.Background(), user{}, "ada"), "first", func(task *loop.Task) {
			if _, err := c.Do(task, 1, load); err != errWork {
				t.Errorf("who left got %v", err)
			}
		})
		spawn(task, func(task *loop.Task) {
			if v, err := c.Do(task, 1, load); v != "ada" || err != nil {
				t.Errorf("who stayed got %q, %v", v, err)
			}
		})
		task.Sleep(500 * time.Millisecond)
		first.Cancel(errWork)
		task.Sleep(time.Second)
	})
}

func TestCoalesceEndsALoadThatHangs(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		c := resilience.NewCoalesce[int, int](resilience.NewRegistry(nil), "catalogue", task.Loop(), 2)
		start := time.Now()
		_, err := c.Do(task, 1, func(t *loop.Task) (int, error) { return 0, t.Sleep(eventually) })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestCoalesceDoesNotLoadForOneWhoLeft(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		c := resilience.NewCoalesce[int, int](resilience.NewRegistry(nil), "catalogue", task.Loop(), 2)
		task.Cancel(errWork)
		if _, err := c.Do(task, 1, func(*loop.Task) (int, error) { t.Error("it loads"); return 0, nil }); err != errWork {
			t.Error(err)
		}
	})
}

// A crash of the load frees the key.
func TestCoalesceAbandoned(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		c := resilience.NewCoalesce[int, int](resilience.NewRegistry(nil), "catalogue", task.Loop(), 1)
		load := func(t *loop.Task) (int, error) { return 1, t.Sleep(time.Second) }
		ctx := context.WithValue(context.Background(), crashing{}, true)
		task.Loop().Spawn(ctx, "first", func(task *loop.Task) { c.Do(task, 1, load) })
		told := false
		spawn(task, func(task *loop.Task) {
			_, err := c.Do(task, 1, load)
			told = err != nil && err.Error() == "the load was abandoned"
		})
		if n := task.Loop().Abandon(func(ctx context.Context) bool { return ctx.Value(crashing{}) != nil }); n != 2 {
			t.Errorf("%d tasks were abandoned, want the caller and its load", n)
		}
		task.Sleep(time.Millisecond)
		if !told {
			t.Error("who waited was not told")
		}
		if v, err := c.Do(task, 2, load); v != 1 || err != nil {
			t.Errorf("another key: %v, %v", v, err)
		}
	})
}

// An asker is a caller of a drawn case, with times in milliseconds.
type asker struct{ Key, Start, Cancel int }

func drawAsker(r *rapid.T) asker {
	return asker{
		Key:    rapid.IntRange(0, 2).Draw(r, "key"),
		Start:  rapid.IntRange(1, 50).Draw(r, "start"),
		Cancel: rapid.IntRange(-60, 60).Draw(r, "cancel"),
	}
}

// Whoever comes and leaves: a key is loaded once at a time, and all who stay are
// answered with a load that was under way when they were.
func TestCoalesceHoldsForAll(t *testing.T) {
	checkInBubble(t, func(r *rapid.T) {
		askers := rapid.SliceOfN(rapid.Custom(drawAsker), 1, 20).Draw(r, "askers")
		work := rapid.IntRange(0, 20).Draw(r, "work")
		var errs []error
		if err := runTask(func(t *loop.Task) { errs = playAskers(t, askers, time.Duration(work)*time.Millisecond) }); err != nil {
			r.Fatal(err)
		}
		for _, err := range errs {
			r.Error(err)
		}
	})
}

func playAskers(t *loop.Task, askers []asker, work time.Duration) (errs []error) {
	c := resilience.NewCoalesce[int, time.Time](resilience.NewRegistry(nil), "catalogue", t.Loop(), 3)
	errorf := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	loading, answered := map[int]bool{}, 0
	for _, a := range askers {
		ask := func(t *loop.Task) {
			defer func() { answered++ }()
			if t.Sleep(time.Duration(a.Start)*time.Millisecond) != nil {
				return
			}
			asked := time.Now()
			ended, err := c.Do(t, a.Key, func(t *loop.Task) (time.Time, error) {
				if loading[a.Key] {
					errorf("%d is loaded twice at a time", a.Key)
				}
				loading[a.Key] = true
				defer delete(loading, a.Key)
				err := t.Sleep(work)
				return time.Now(), err
			})
			switch {
			case err != nil && a.Cancel <= 0:
				errorf("%+v: %w", a, err)
			case err == nil && (ended.Before(asked) || !ended.Equal(time.Now())):
				errorf("%+v asked at %v and got at %v what was loaded by %v", a, asked, time.Now(), ended)
			}
		}
		task := t.Loop().Spawn(context.Background(), "asker", ask)
		if a.Cancel > 0 {
			t.Loop().SetTimeout("cancel", time.Duration(a.Cancel)*time.Millisecond, func() { task.Cancel(nil) })
		}
	}
	t.Sleep(time.Minute)
	if answered != len(askers) {
		errorf("%d of %d were answered", answered, len(askers))
	}
	return errs
}
