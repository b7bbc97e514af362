package loop_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// closing is a server's loop with a grace period of 10 s and 2 s to unwind.
var closing = loop.Config{Grace: 10 * time.Second, Unwind: 2 * time.Second}

func TestCloseFinishesWhatWasAccepted(t *testing.T) {
	sleep := func(l *loop.Loop, d time.Duration, fn func()) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			if t.Sleep(d) == nil {
				fn()
			}
		})
	}
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"nothing", func(l *loop.Loop, j *journal) { l.Close() }, "after 0s"},
		{"twice", func(l *loop.Loop, j *journal) { l.Close(); l.Close() }, "after 0s"},
		{"posted work", func(l *loop.Loop, j *journal) {
			l.Post("a", j.does("a"))
			l.Post("b", j.does("b"))
			l.Close()
			j.addf("%v", l.Post("c", j.does("c")))
		}, "loop: closed a b after 0s"},
		{"ticks and microtasks", func(l *loop.Loop, j *journal) {
			l.QueueMicrotask("microtask", j.does("microtask"))
			l.NextTick("tick", j.does("tick"))
			l.Close()
		}, "tick microtask after 0s"},
		{"immediates, and those that they set", func(l *loop.Loop, j *journal) {
			l.SetImmediate("a", func() { j.add("a"); l.SetImmediate("b", j.does("b")) })
			l.Close()
		}, "a b after 0s"},
		{"tasks, and those that they spawn", func(l *loop.Loop, j *journal) {
			sleep(l, time.Second, func() { j.add("a"); sleep(l, time.Second, j.does("b")) })
			l.Close()
		}, "a b after 2s"},
		{"calls", func(l *loop.Loop, j *journal) {
			callers(l, loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9}), j, "a", "b")
			l.Close()
		}, "a:<nil>@1s b:<nil>@2s after 2s"},
		{"queued work, and what comes after", func(l *loop.Loop, j *journal) {
			work := func(context.Context) error { time.Sleep(time.Second); return nil }
			l.QueueWork(elsewhere, "work", work, func(error) { l.SetImmediate("after", j.does("after work")) })
			l.Close()
		}, "after work after 1s"},
		{"a timer that a task waits for", func(l *loop.Loop, j *journal) {
			p := loop.NewPromise[int](l, "p")
			l.SetTimeout("resolve", time.Second, func() { p.Resolve(1) })
			l.Spawn(context.Background(), "task", func(t *loop.Task) { loop.Await(t, p); j.add("resolved") })
			l.Close()
		}, "resolved after 1s"},
		{"no other timer", func(l *loop.Loop, j *journal) {
			l.SetTimeout("timer", time.Second, j.does("timer"))
			l.Close()
		}, "after 0s"},
		{"from a callback", func(l *loop.Loop, j *journal) {
			l.SetTimeout("close", time.Second, func() { l.Close(); l.SetImmediate("a", j.does("a")) })
		}, "a after 1s"},
		{"from a task", func(l *loop.Loop, j *journal) {
			sleep(l, time.Second, func() { l.Close(); sleep(l, time.Second, j.does("a")) })
		}, "a after 2s"},
		{"from posted work", func(l *loop.Loop, j *journal) {
			l.Post("a", func() { j.add("a"); l.Close() })
			l.Post("b", j.does("b"))
		}, "a b after 0s"},
		{"from another goroutine, while the loop sleeps", func(l *loop.Loop, j *journal) {
			time.AfterFunc(time.Second, l.Close)
		}, "after 1s"},
		{"tasks on their way out", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "task", func(t *loop.Task) {
				j.addf("%v", t.Sleep(time.Hour))
				t.Shielded(func() error { return t.Sleep(time.Second) })
				j.add("undone")
			})
			l.Close()
		}, "loop: closed undone after 11s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			began := time.Time{}
			err := simulateWith(t, closing, func(l *loop.Loop) {
				began = time.Now()
				c.main(l, &j)
				l.OnClose("after", func() { j.addf("after %v", time.Since(began)) })
			})
			if err != nil {
				t.Error(err)
			}
			j.check(t, c.want)
		})
	}
}

func TestCloseBeforeRun(t *testing.T) {
	for _, idle := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			l := loop.New(loop.Config{ExitWhenIdle: idle})
			l.Post("early", j.does("early"))
			l.Close()
			if err := l.Post("late", j.does("late")); err != loop.ErrClosed {
				t.Error(err)
			}
			select {
			case <-l.Done():
				t.Error("done before Run")
			default:
			}
			if err := l.Run(j.does("main")); err != nil {
				t.Error(err)
			}
			<-l.Done()
			l.Close()
			j.check(t, "main early")
		})
	}
}

func TestPostAfterTheEnd(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		l.OnClose("post", func() {
			if err := l.Post("late", func() { t.Error("ran") }); err != loop.ErrClosed {
				t.Error(err)
			}
		})
	})
}

func TestExitWhenIdle(t *testing.T) {
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"nothing to do", func(l *loop.Loop, j *journal) {}, "after 0s"},
		{"timers", func(l *loop.Loop, j *journal) { l.SetTimeout("a", time.Hour, j.does("a")) }, "a after 1h0m0s"},
		{"an interval, cleared", func(l *loop.Loop, j *journal) {
			var every loop.Timer
			every = l.SetInterval("tick", time.Second, func() {
				if j.add("tick"); len(*j) == 3 {
					every.Clear()
				}
			})
		}, "tick tick tick after 3s"},
		{"timers that do not count", func(l *loop.Loop, j *journal) {
			l.SetTimeout("a", time.Second, j.does("a"))
			l.SetInterval("b", 600*ms, j.does("b")).Unref()
		}, "b a after 1s"},
		{"a task", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "task", func(t *loop.Task) { t.Sleep(time.Minute) })
		}, "after 1m0s"},
		{"a task that was in time", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "task", func(t *loop.Task) {
				t.WithTimeout(time.Hour, func() error { return t.Sleep(time.Second) })
				t.WithTimeout(time.Second, func() error { return t.Sleep(time.Hour) })
			})
		}, "after 2s"},
		{"an abandoned call", func(l *loop.Loop, j *journal) {
			g := loop.NewGroup(l, loop.GroupConfig{})
			l.Spawn(context.Background(), "task", func(t *loop.Task) {
				t.WithTimeout(time.Second, func() error { _, err := loop.Go(t, g, tenSeconds); return err })
				j.add("left")
			})
		}, "left after 10s"},
		{"Close lets timers finish", func(l *loop.Loop, j *journal) {
			l.SetTimeout("a", time.Second, j.does("a"))
			l.Close()
		}, "a after 1s"},
		{"Close ends an interval in the end", func(l *loop.Loop, j *journal) {
			l.SetInterval("a", 5*time.Second, j.does("a"))
			l.Close()
		}, "a a after 12s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			config := closing
			config.ExitWhenIdle = true
			err := simulateWith(t, config, func(l *loop.Loop) {
				began := time.Now()
				c.main(l, &j)
				l.OnClose("after", func() { j.addf("after %v", time.Since(began)) })
			})
			if err != nil {
				t.Error(err)
			}
			j.check(t, c.want)
		})
	}
}

func TestGrace(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		grace, unwind time.Duration
		need, undo    time.Duration // of the task, and of what it does when cancelled
		want          error
		took          time.Duration
		abandoned     string
	}{
		{10 * s, 2 * s, 9 * s, 0, nil, 9 * s, "<nil>"},
		{10 * s, 2 * s, 11 * s, 0, loop.ErrClosed, 10 * s, "<nil>"},
		{10 * s, 2 * s, 11 * s, s, loop.ErrClosed, 11 * s, "<nil>"},
		{10 * s, 2 * s, 11 * s, 3 * s, loop.ErrClosed, 12 * s, "loop: abandoned 1 tasks (task) and 0 operations"},
		{-1, 2 * s, s, 0, loop.ErrClosed, 0, "<nil>"},
		{-1, 2 * s, s, s, loop.ErrClosed, s, "<nil>"},
		{-1, 2 * s, s, 3 * s, loop.ErrClosed, 2 * s, "loop: abandoned 1 tasks (task) and 0 operations"},
		{-1, -1, s, s, loop.ErrClosed, ms, "loop: abandoned 1 tasks (task) and 0 operations"},
		{0, 0, time.Hour, time.Hour, loop.ErrClosed, loop.DefaultGrace + loop.DefaultUnwind, "loop: abandoned 1 tasks (task) and 0 operations"},
	} {
		t.Run(fmt.Sprint(c.grace, c.unwind, c.need, c.undo), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := loop.New(loop.Config{Grace: c.grace, Unwind: c.unwind})
				began, deferred := time.Now(), false
				err := l.Run(func() {
					l.Spawn(context.Background(), "task", func(task *loop.Task) {
						defer func() { deferred = true }()
						if err := task.Sleep(c.need); err != c.want {
							t.Error(err)
						}
						if c.undo > 0 {
							task.Shielded(func() error { return task.Sleep(c.undo) })
						}
					})
					l.Close()
				})
				if took := time.Since(began); fmt.Sprint(err) != c.abandoned || took != c.took || !deferred {
					t.Errorf("%v after %v, deferred calls ran: %v", err, took, deferred)
				}
			})
		})
	}
}

func TestTaskSpawnedTooLate(t *testing.T) {
	var j journal
	err := simulateWith(t, loop.Config{Grace: -1}, func(l *loop.Loop) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			j.addf("task:%v", t.Sleep(time.Hour))
			l.Spawn(context.Background(), "late", func(t *loop.Task) { j.addf("late:%v", t.Sleep(time.Hour)) })
		})
		l.OnClose("close", func() {
			l.Spawn(context.Background(), "later", func(t *loop.Task) { j.addf("later:%v", t.Sleep(time.Hour)) })
		})
		l.Close()
	})
	if err != nil {
		t.Error(err)
	}
	j.check(t, "task:loop: closed late:loop: closed later:loop: closed")
}

// A task that does not return is unwound where it waits, wherever that is: its
// deferred calls run, and they may try to wait once more.
func TestAbandonedTasks(t *testing.T) {
	for _, p := range places {
		if p.name == "job" || p.name == "shielded and over" {
			continue // the pool does not end before its job; the shield is here already
		}
		t.Run(p.name, func(t *testing.T) {
			var j journal
			synctest.Test(t, func(t *testing.T) {
				l := loop.New(loop.Config{Grace: time.Second, Unwind: time.Second})
				err := l.Run(func() {
					b := &bench{
						promise: loop.NewPromise[int](l, "promise"),
						free:    loop.NewGroup(l, loop.GroupConfig{}),
						full:    loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 2}),
					}
					l.Spawn(context.Background(), "holder", func(t *loop.Task) {
						t.Shielded(func() error { _, err := loop.Go(t, b.full, tenSeconds); return err })
					})
					l.Spawn(context.Background(), "stubborn", func(task *loop.Task) {
						defer j.add("deferred")
						defer func() {
							j.addf("plain:%v", p.wait(task, b))
							task.Shielded(func() error { return p.wait(task, b) })
							j.add("not reached")
						}()
						task.Shielded(func() error { return p.wait(task, b) })
						j.add("not reached")
					})
					l.OnClose("close", j.does("close"))
					l.Close()
				})
				var abandoned *loop.AbandonedError
				if !errors.As(err, &abandoned) || fmt.Sprint(abandoned.Tasks) != "[holder stubborn]" || abandoned.Operations == 0 {
					t.Error(err)
				}
				time.Sleep(time.Minute) // what runs elsewhere ends, and finds nobody
			})
			j.check(t, "plain:loop: closed deferred close")
		})
	}
}

// The deferred call of a task that is unwound may answer another, as the release
// of a lock does. That one is unwound too, and is not there when its turn comes.
func TestUnwoundTasksAnswerEachOther(t *testing.T) {
	for _, onClose := range []bool{false, true} {
		var j journal
		err := simulateWith(t, loop.Config{Grace: -1, Unwind: time.Second}, func(l *loop.Loop) {
			p := loop.NewPromise[int](l, "p")
			stuck := func(name string, p *loop.Promise[int], leave func()) {
				l.Spawn(context.Background(), name, func(t *loop.Task) {
					defer leave()
					t.Shielded(func() error { loop.Await(t, p); j.add("not reached"); return nil })
				})
			}
			stuck("first", loop.NewPromise[int](l, "never"), func() { j.add("first"); p.Resolve(1) })
			stuck("second", p, j.does("second"))
			if onClose {
				l.OnClose("close", j.does("close"))
			}
			l.Close()
		})
		if fmt.Sprint(err) != "loop: abandoned 2 tasks (first, second) and 0 operations" {
			t.Error(err)
		}
		if want := map[bool]string{false: "first second", true: "first second close"}[onClose]; j.String() != want {
			t.Errorf("got %s, want %s", &j, want)
		}
	}
}

func TestAbandonedOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{Grace: time.Second, Unwind: time.Second})
		began := time.Now()
		err := l.Run(func() {
			g := loop.NewGroup(l, loop.GroupConfig{})
			for range 2 {
				l.Spawn(context.Background(), "task", func(task *loop.Task) { loop.Go(task, g, tenSeconds) })
			}
			l.Close()
		})
		if fmt.Sprint(err) != "loop: abandoned 0 tasks () and 2 operations" || time.Since(began) != 2*time.Second {
			t.Error(err, time.Since(began))
		}
		time.Sleep(time.Minute)
	})
}

func TestClosePhase(t *testing.T) {
	for _, budget := range []int{0, 1, 2} {
		var j journal
		simulateWith(t, loop.Config{ExitWhenIdle: true, MicrotaskBudget: budget}, func(l *loop.Loop) {
			callback := func(name string) func() {
				return func() {
					j.add(name)
					if l.Phase() != loop.Close {
						t.Error("in phase", l.Phase())
					}
					l.QueueMicrotask("microtask", j.does(name+"-microtask"))
					l.NextTick("tick", j.does(name+"-tick"))
				}
			}
			for _, name := range []string{"a", "b", "c"} {
				l.OnClose(name, callback(name))
			}
			l.QueueMicrotask("last of its turn", func() {})
			l.SetImmediate("spends the budget", func() { l.QueueMicrotask("microtask", func() {}) })
		})
		if want := "c c-tick c-microtask b b-tick b-microtask a a-tick a-microtask"; j.String() != want {
			t.Errorf("budget %d\ngot  %s\nwant %s", budget, &j, want)
		}
	}
}

// A callback of the close phase may finish something in a task; what it leaves
// waiting is unwound as well, and no goroutine stays behind.
func TestTaskOfTheClosePhase(t *testing.T) {
	before := runtime.NumGoroutine()
	var j journal
	l := loop.New(loop.Config{ExitWhenIdle: true})
	l.OnClose("close", func() {
		l.Spawn(context.Background(), "closer", func(task *loop.Task) {
			defer j.add("deferred")
			task.Shielded(func() error {
				loop.Await(task, settled(l, 1))
				j.add("awaited")
				return task.Sleep(time.Hour)
			})
			j.add("not reached")
		})
	})
	err := l.Run(nil)
	if fmt.Sprint(err) != "loop: abandoned 1 tasks (closer) and 0 operations" {
		t.Error(err)
	}
	j.check(t, "awaited deferred")
	goroutinesReturnTo(t, before)
}

// Nothing is left of a loop that did a bit of everything: no goroutine, no timer
// that holds it.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		workers := pool.New(pool.Config{})
		class := workers.Class("jobs", pool.ClassConfig{})
		l := loop.New(loop.Config{Grace: -1, LongTurn: time.Minute, OnLongTurn: func(loop.LongTurn) {}})
		ctx, cancel := context.WithCancel(context.Background())
		left := 10
		err := l.Run(func() {
			g := loop.NewGroup(l, loop.GroupConfig{Limit: 2, Queue: 10})
			for range 10 {
				l.Spawn(ctx, "task", func(task *loop.Task) {
					loop.Go(task, g, func(context.Context) (int, error) { return 1, nil })
					loop.Offload(task, class, nothing)
					if left--; left == 0 {
						l.Close()
					}
					loop.Go(task, g, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, nil })
				})
			}
			l.SetTimeout("far", time.Hour, func() {})
		})
		if err != nil {
			t.Error(err)
		}
		cancel()
		workers.Close()
	}
	goroutinesReturnTo(t, before)
}
