package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// A place is where a task may wait; the wait never ends by itself within 10 s,
// and then it does, so that a late answer comes to a task that has gone on.
type place struct {
	name string
	wait func(t *loop.Task, b *bench) error
}

// A bench is what the waits need.
type bench struct {
	promise *loop.Promise[int]
	free    *loop.Group
	full    *loop.Group
	class   *pool.Class
}

// tenSeconds is a call that does not listen to its context.
func tenSeconds(context.Context) (int, error) { time.Sleep(10 * time.Second); return 1, nil }

var places = []place{
	{"promise", func(t *loop.Task, b *bench) error { _, err := loop.Await(t, b.promise); return err }},
	{"timer", func(t *loop.Task, b *bench) error { return t.Sleep(10 * time.Second) }},
	{"call", func(t *loop.Task, b *bench) error { _, err := loop.Go(t, b.free, tenSeconds); return err }},
	{"job", func(t *loop.Task, b *bench) error { _, err := loop.Offload(t, b.class, tenSeconds); return err }},
	{"queue of a group", func(t *loop.Task, b *bench) error { _, err := loop.Go(t, b.full, tenSeconds); return err }},
	{"shielded and over", func(t *loop.Task, b *bench) error {
		t.Shielded(func() error { return t.Sleep(ms) })
		return t.Sleep(10 * time.Second)
	}},
	{"timeout that is longer", func(t *loop.Task, b *bench) error {
		return t.WithTimeout(9*time.Second, func() error { return t.Sleep(10 * time.Second) })
	}},
}

// An ending is a way in which a wait that began at 0 is cut short after 1 s.
type ending struct {
	name string
	want error
	run  func(l *loop.Loop, fn func(t *loop.Task))
}

var endings = []ending{
	{"Cancel", errCause, func(l *loop.Loop, fn func(t *loop.Task)) {
		task := l.Spawn(context.Background(), "task", fn)
		l.SetTimeout("cancel", time.Second, func() { task.Cancel(errCause) })
	}},
	{"Cancel without a cause", context.Canceled, func(l *loop.Loop, fn func(t *loop.Task)) {
		task := l.Spawn(context.Background(), "task", fn)
		l.SetTimeout("cancel", time.Second, func() { task.Cancel(nil) })
	}},
	{"Cancel twice", errCause, func(l *loop.Loop, fn func(t *loop.Task)) {
		task := l.Spawn(context.Background(), "task", fn)
		l.SetTimeout("cancel", time.Second, func() { task.Cancel(errCause); task.Cancel(nil) })
		l.SetTimeout("cancel", 2*time.Second, func() { task.Cancel(nil) })
	}},
	{"context from another goroutine", errCause, func(l *loop.Loop, fn func(t *loop.Task)) {
		ctx, cancel := context.WithCancelCause(context.Background())
		l.Spawn(ctx, "task", fn)
		go func() { time.Sleep(time.Second); cancel(errCause) }()
	}},
	{"deadline of the context", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		l.Spawn(ctx, "task", func(t *loop.Task) { defer cancel(); fn(t) })
	}},
	{"parent", errCause, func(l *loop.Loop, fn func(t *loop.Task)) {
		parent := l.Spawn(context.Background(), "parent", func(t *loop.Task) {
			l.Spawn(t.Context(), "task", fn)
			t.Sleep(time.Hour)
		})
		l.SetTimeout("cancel", time.Second, func() { parent.Cancel(errCause) })
	}},
	{"context made from a parent's", errCause, func(l *loop.Loop, fn func(t *loop.Task)) {
		parent := l.Spawn(context.Background(), "parent", func(t *loop.Task) {
			ctx, cancel := context.WithCancel(t.Context())
			l.Spawn(ctx, "task", func(t *loop.Task) { defer cancel(); fn(t) })
			t.Sleep(time.Hour)
		})
		l.SetTimeout("cancel", time.Second, func() { parent.Cancel(errCause) })
	}},
	{"parent that ends", context.Canceled, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "parent", func(t *loop.Task) {
			l.Spawn(t.Context(), "task", fn)
			t.Sleep(time.Second)
		})
	}},
	{"timeout of a parent", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "parent", func(t *loop.Task) {
			t.WithTimeout(time.Second, func() error {
				l.Spawn(t.Context(), "task", fn)
				return t.Sleep(time.Hour)
			})
			t.Sleep(time.Hour)
		})
	}},
	{"WithTimeout", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			t.WithTimeout(time.Second, func() error { fn(t); return nil })
		})
	}},
	{"WithTimeout around a longer one", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			t.WithTimeout(time.Second, func() error {
				return t.WithTimeout(time.Hour, func() error { fn(t); return nil })
			})
		})
	}},
	{"WithTimeout in a longer one", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			t.WithTimeout(time.Hour, func() error {
				return t.WithTimeout(time.Second, func() error { fn(t); return nil })
			})
		})
	}},
	{"WithTimeout in a shield, after Cancel", context.DeadlineExceeded, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			t.Cancel(errCause)
			t.Shielded(func() error {
				return t.WithTimeout(time.Second, func() error { fn(t); return nil })
			})
		})
	}},
	{"end of the loop", loop.ErrClosed, func(l *loop.Loop, fn func(t *loop.Task)) {
		l.Spawn(context.Background(), "task", fn)
		l.Close()
	}},
}

// Wherever a task waits and however that is cut short: the wait fails at once
// with the cause, so does every later one, its context is done, and the answer
// that comes late wakes nobody.
func TestEveryWaitCanBeCutShort(t *testing.T) {
	for _, p := range places {
		for _, e := range endings {
			t.Run(p.name+"/"+e.name, func(t *testing.T) { cutShort(t, p, e) })
		}
	}
}

func cutShort(t *testing.T, p place, e ending) {
	synctest.Test(t, func(t *testing.T) {
		workers := pool.New(pool.Config{})
		defer workers.Close()
		config := loop.Config{ExitWhenIdle: true, Grace: time.Second, Unwind: time.Hour}
		l, done := loop.New(config), false
		err := l.Run(func() {
			b := &bench{
				promise: loop.NewPromise[int](l, "promise"),
				free:    loop.NewGroup(l, loop.GroupConfig{}),
				full:    loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 1}),
				class:   workers.Class("jobs", pool.ClassConfig{}),
			}
			l.SetTimeout("late", 10*time.Second, func() { b.promise.Resolve(1) })
			l.Spawn(context.Background(), "holder", func(t *loop.Task) {
				t.Shielded(func() error { _, err := loop.Go(t, b.full, tenSeconds); return err })
			})
			e.run(l, func(task *loop.Task) {
				done = true
				began := time.Now()
				after := func(what string, want time.Duration, err, wantErr error) {
					t.Helper()
					if took := time.Since(began); took != want || !errors.Is(err, wantErr) {
						t.Errorf("%s: %v after %v, want %v after %v", what, err, took, wantErr, want)
					}
				}
				after("the wait", time.Second, p.wait(task, b), e.want)
				after("the next", time.Second, task.Sleep(time.Hour), e.want)
				after("the context", time.Second, context.Cause(task.Context()), e.want)
				after("Err", time.Second, task.Err(), e.want)
				err := task.Shielded(func() error { return task.Sleep(29 * time.Second) })
				after("a late answer", 30*time.Second, err, nil)
			})
		})
		if err != nil || !done {
			t.Error(err, done)
		}
	})
}

func TestCancelBeforeTheFirstWait(t *testing.T) {
	canceled := func() context.Context {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errCause)
		return ctx
	}
	for _, c := range []struct {
		name  string
		spawn func(l *loop.Loop, fn func(*loop.Task))
		want  error
	}{
		{"by itself", func(l *loop.Loop, fn func(*loop.Task)) {
			l.Spawn(context.Background(), "task", func(t *loop.Task) { t.Cancel(errCause); fn(t) })
		}, errCause},
		{"by its child", func(l *loop.Loop, fn func(*loop.Task)) {
			l.Spawn(context.Background(), "task", func(t *loop.Task) {
				l.Spawn(t.Context(), "child", func(*loop.Task) { t.Cancel(errCause) })
				fn(t)
			})
		}, errCause},
		{"context that is done", func(l *loop.Loop, fn func(*loop.Task)) { l.Spawn(canceled(), "task", fn) }, errCause},
		{"context of a cancelled task", func(l *loop.Loop, fn func(*loop.Task)) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				t.Cancel(errCause)
				l.Spawn(t.Context(), "task", fn)
			})
		}, errCause},
		{"context of a task that has ended", func(l *loop.Loop, fn func(*loop.Task)) {
			parent := l.Spawn(context.Background(), "parent", func(t *loop.Task) {})
			l.Spawn(parent.Context(), "task", fn)
		}, context.Canceled},
		{"context of a timeout that is over", func(l *loop.Loop, fn func(*loop.Task)) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				var over context.Context
				t.WithTimeout(time.Hour, func() error { over = t.Context(); return nil })
				l.Spawn(over, "task", fn)
			})
		}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			simulate(t, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{Limit: 1})
				c.spawn(l, func(task *loop.Task) {
					began := time.Now()
					call := func(context.Context) (int, error) { j.add("called"); return 1, nil }
					await := func() error { _, err := loop.Await(task, settled(l, 1)); return err }
					for _, wait := range []func() error{
						await,
						func() error { return task.Sleep(time.Hour) },
						func() error { _, err := loop.Go(task, g, call); return err },
						func() error { return task.WithTimeout(time.Hour, await) },
					} {
						if err := wait(); err != c.want || time.Since(began) != 0 {
							t.Errorf("%v after %v", err, time.Since(began))
						}
					}
					if err := task.Shielded(await); err != nil {
						t.Error(err)
					}
					if running, waiting := g.InFlight(); running != 0 || waiting != 0 {
						t.Errorf("%d running, %d waiting in the group", running, waiting)
					}
					j.add("ran")
				})
			})
			j.check(t, "ran")
		})
	}
}

func TestCancelAfterTheEnd(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		task := l.Spawn(context.Background(), "task", func(t *loop.Task) { t.Sleep(ms) })
		l.SetTimeout("after", time.Second, func() {
			task.Cancel(errCause)
			if err := task.Err(); errors.Is(err, errCause) {
				t.Error("a task that has ended was cancelled:", err)
			}
			// Its coroutine works for another task, which must not hear of it.
			l.Spawn(context.Background(), "next", func(next *loop.Task) {
				l.SetTimeout("cancel", ms, func() { task.Cancel(errCause) })
				if err := next.Sleep(time.Second); err != nil {
					t.Error(err)
				}
			})
		})
	})
}

// A task that was woken by an answer gets that answer, even if it is cancelled
// before it goes on; the next wait fails.
func TestAnswerBeforeCancel(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(*loop.Task, *loop.Promise[int])
		want          error
	}{
		{"answer, then cancel", func(_ *loop.Task, p *loop.Promise[int]) { p.Resolve(7) },
			func(t *loop.Task, _ *loop.Promise[int]) { t.Cancel(errCause) }, nil},
		{"cancel, then answer", func(t *loop.Task, _ *loop.Promise[int]) { t.Cancel(errCause) },
			func(_ *loop.Task, p *loop.Promise[int]) { p.Resolve(7) }, errCause},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				p := loop.NewPromise[int](l, "promise")
				task := l.Spawn(context.Background(), "task", func(task *loop.Task) {
					task.WithTimeout(ms, func() error { return task.Sleep(time.Second) }) // was cut short before
					v, err := loop.Await(task, p)
					if err != c.want || err == nil && v != 7 {
						t.Errorf("%v, %v", v, err)
					}
					if err := task.Sleep(ms); err != errCause {
						t.Error("the next wait:", err)
					}
				})
				l.SetTimeout("both", time.Second, func() { c.first(task, p); c.second(task, p) })
			})
		})
	}
}

// A place in a group that was handed to a task goes on to the next when the
// task is cancelled before it can use it.
func TestCancelWithAPlaceInHand(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 3})
		call := func(name string) *loop.Task {
			return l.Spawn(context.Background(), name, func(task *loop.Task) {
				_, err := loop.Go(task, g, func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return 0, nil
				})
				j.addf("%s:%v", name, err)
			})
		}
		call("a")
		b := call("b")
		call("c")
		l.SetTimeout("make room and take it away", ms, func() { g.SetLimit(2, 3); b.Cancel(errCause) })
	})
	j.check(t, "b:the cause a:<nil> c:<nil>")
}

func TestFamily(t *testing.T) {
	wait := func(t *loop.Task, j *journal) {
		if err := t.Sleep(time.Hour); err != nil {
			j.addf("%s:%v", t.Name(), err)
		}
	}
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"children hear at once, grandchildren too", func(l *loop.Loop, j *journal) {
			var child, grandchild *loop.Task
			parent := l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				child = l.Spawn(t.Context(), "child", func(t *loop.Task) {
					grandchild = l.Spawn(t.Context(), "grandchild", func(t *loop.Task) { wait(t, j) })
					wait(t, j)
				})
				wait(t, j)
			})
			l.SetTimeout("cancel", ms, func() {
				parent.Cancel(errCause)
				j.addf("%v,%v", child.Err(), grandchild.Err())
			})
		}, "the cause,the cause grandchild:the cause child:the cause parent:the cause"},
		{"a child's end does not touch its parent or siblings", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				one := l.Spawn(t.Context(), "one", func(t *loop.Task) { wait(t, j) })
				l.Spawn(t.Context(), "two", func(t *loop.Task) { t.Sleep(ms) })
				three := l.Spawn(t.Context(), "three", func(t *loop.Task) { wait(t, j) })
				t.Sleep(time.Second)
				one.Cancel(errCause)
				t.Sleep(time.Second)
				j.addf("%v,%v", t.Err(), three.Err())
			})
		}, "one:the cause <nil>,<nil> three:context canceled"},
		{"a timeout takes the children spawned in it", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				l.Spawn(t.Context(), "outside", func(t *loop.Task) { wait(t, j) })
				t.WithTimeout(time.Minute, func() error {
					l.Spawn(t.Context(), "inside", func(t *loop.Task) { wait(t, j) })
					return t.WithTimeout(2*time.Minute, func() error {
						l.Spawn(t.Context(), "deeper", func(t *loop.Task) { wait(t, j) })
						wait(t, j)
						return nil
					})
				})
				j.add("over")
				t.Sleep(time.Minute)
			})
		}, "inside:context deadline exceeded deeper:context deadline exceeded parent:context deadline exceeded over outside:context canceled"},
		{"a timeout's end takes them too", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				t.WithTimeout(time.Minute, func() error {
					l.Spawn(t.Context(), "inside", func(t *loop.Task) { wait(t, j) })
					return nil
				})
				t.Sleep(time.Minute)
				j.add("over")
			})
		}, "inside:context canceled over"},
		{"a shield covers the children spawned in it", func(l *loop.Loop, j *journal) {
			parent := l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				t.Shielded(func() error {
					l.Spawn(t.Context(), "inside", func(t *loop.Task) { t.Sleep(time.Second); j.addf("inside:%v", t.Err()) })
					return t.Sleep(2 * time.Second)
				})
				wait(t, j)
			})
			l.SetTimeout("cancel", ms, func() { parent.Cancel(errCause) })
		}, "inside:<nil> parent:the cause"},
		{"a child with a context of its own is on its own", func(l *loop.Loop, j *journal) {
			l.Spawn(context.Background(), "parent", func(t *loop.Task) {
				l.Spawn(context.Background(), "free", func(t *loop.Task) { t.Sleep(time.Second); j.addf("free:%v", t.Err()) })
			})
		}, "free:<nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			simulate(t, func(l *loop.Loop) { c.main(l, &j) })
			j.check(t, c.want)
		})
	}
}

type key struct{}
