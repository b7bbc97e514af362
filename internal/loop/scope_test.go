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

func TestContextCarriesValues(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{})
		check := func(where string, ctx context.Context) {
			if v := ctx.Value(key{}); v != "value" {
				t.Errorf("%s: %v", where, v)
			}
		}
		l.Spawn(context.WithValue(context.Background(), key{}, "value"), "parent", func(task *loop.Task) {
			check("task", task.Context())
			loop.Go(task, g, func(ctx context.Context) (int, error) { check("call", ctx); return 0, nil })
			task.WithTimeout(time.Second, func() error { check("timeout", task.Context()); return nil })
			task.Shielded(func() error { check("shield", task.Context()); return nil })
			l.Spawn(task.Context(), "child", func(task *loop.Task) { check("child", task.Context()) })
		})
	})
}

func TestDeadline(t *testing.T) {
	given := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		time.AfterFunc(d, cancel)
		return ctx
	}
	within := func(d time.Duration, fn func(*loop.Task)) func(*loop.Task) {
		return func(t *loop.Task) { t.WithTimeout(d, func() error { fn(t); return nil }) }
	}
	shielded := func(fn func(*loop.Task)) func(*loop.Task) {
		return func(t *loop.Task) { t.Shielded(func() error { fn(t); return nil }) }
	}
	for _, c := range []struct {
		name  string
		given time.Duration
		wrap  func(fn func(*loop.Task)) func(*loop.Task)
		want  time.Duration // 0 means none
	}{
		{"none", 0, func(fn func(*loop.Task)) func(*loop.Task) { return fn }, 0},
		{"given", 3 * time.Second, func(fn func(*loop.Task)) func(*loop.Task) { return fn }, 3 * time.Second},
		{"timeout", 0, func(fn func(*loop.Task)) func(*loop.Task) { return within(2*time.Second, fn) }, 2 * time.Second},
		{"sooner than given", 3 * time.Second, func(fn func(*loop.Task)) func(*loop.Task) { return within(2*time.Second, fn) }, 2 * time.Second},
		{"later than given", 3 * time.Second, func(fn func(*loop.Task)) func(*loop.Task) { return within(4*time.Second, fn) }, 3 * time.Second},
		{"shorter inside", 0, func(fn func(*loop.Task)) func(*loop.Task) {
			return within(3*time.Second, within(2*time.Second, fn))
		}, 2 * time.Second},
		{"longer inside", 0, func(fn func(*loop.Task)) func(*loop.Task) {
			return within(2*time.Second, within(3*time.Second, fn))
		}, 2 * time.Second},
		{"shield in a timeout", 3 * time.Second, func(fn func(*loop.Task)) func(*loop.Task) {
			return within(2*time.Second, shielded(fn))
		}, 0},
		{"timeout in a shield", 1 * time.Second, func(fn func(*loop.Task)) func(*loop.Task) {
			return within(2*time.Second, shielded(within(3*time.Second, fn)))
		}, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				ctx := context.Background()
				if c.given > 0 {
					ctx = given(c.given)
				}
				began := time.Now()
				check := func(who string, at time.Time, ok bool) {
					if ok != (c.want > 0) || ok && at.Sub(began) != c.want {
						t.Errorf("%s: %v, %v", who, at.Sub(began), ok)
					}
				}
				l.Spawn(ctx, "task", c.wrap(func(task *loop.Task) {
					at, ok := task.Deadline()
					check("task", at, ok)
					at, ok = task.Context().Deadline()
					check("context", at, ok)
					l.Spawn(task.Context(), "child", func(child *loop.Task) {
						at, ok := child.Deadline()
						check("child", at, ok)
						at, ok = child.Context().Deadline()
						check("child's context", at, ok)
					})
				}))
			})
		})
	}
}

func TestWithTimeout(t *testing.T) {
	sleep := func(d time.Duration) func(*loop.Task) error {
		return func(t *loop.Task) error { return t.Sleep(d) }
	}
	within := func(d time.Duration, fn func(*loop.Task) error) func(*loop.Task) error {
		return func(t *loop.Task) error { return t.WithTimeout(d, func() error { return fn(t) }) }
	}
	shielded := func(fn func(*loop.Task) error) func(*loop.Task) error {
		return func(t *loop.Task) error { return t.Shielded(func() error { return fn(t) }) }
	}
	const s = time.Second
	for _, c := range []struct {
		name string
		run  func(*loop.Task) error
		took time.Duration
		want error
	}{
		{"in time", within(2*s, sleep(s)), s, nil},
		{"too late", within(s, sleep(2*s)), s, context.DeadlineExceeded},
		{"at the same instant the deadline wins, for it was set first", within(s, sleep(s)), s, context.DeadlineExceeded},
		{"no time at all", within(0, sleep(s)), 0, context.DeadlineExceeded},
		{"fn's own error", within(s, func(*loop.Task) error { return errCause }), 0, errCause},
		{"the inner fires first", within(3*s, within(s, sleep(9*s))), s, context.DeadlineExceeded},
		{"the outer fires first", within(s, within(3*s, sleep(9*s))), s, context.DeadlineExceeded},
		{"the outer lives on", within(3*s, func(t *loop.Task) error {
			return errors.Join(t.WithTimeout(s, func() error { t.Sleep(9 * s); return nil }), t.Sleep(s))
		}), 2 * s, nil},
		{"one after another", func(t *loop.Task) error {
			within(s, sleep(2*s))(t)
			return within(2*s, sleep(s))(t)
		}, 2 * s, nil},
		{"nothing is left of it", func(t *loop.Task) error { within(s, sleep(ms))(t); return t.Sleep(9 * s) }, 9*s + ms, nil},
		{"a shield inside it", within(s, shielded(sleep(3*s))), 3 * s, nil},
		{"after the shield it counts", within(s, func(t *loop.Task) error {
			return errors.Join(shielded(sleep(3*s))(t), t.Sleep(s))
		}), 3 * s, context.DeadlineExceeded},
		{"a shield around it", shielded(within(s, sleep(3*s))), s, context.DeadlineExceeded},
		{"fires while the task runs", within(s, func(t *loop.Task) error { time.Sleep(2 * s); return t.Sleep(s) }), 2 * s, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				l.Spawn(context.Background(), "task", func(task *loop.Task) {
					began := time.Now()
					err := c.run(task)
					if took := time.Since(began); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || took != c.took {
						t.Errorf("%v after %v", err, took)
					}
					if task.Err() != nil {
						t.Error("the task itself is not cancelled:", task.Err())
					}
				})
			})
		})
	}
}

// What runs on the task's behalf elsewhere sees its context done.
func TestCallHearsOfTheEnd(t *testing.T) {
	for _, e := range endings {
		if e.name == "WithTimeout in a shield, after Cancel" {
			continue // the cause is the sooner one
		}
		t.Run(e.name, func(t *testing.T) {
			var j journal
			err := simulateWith(t, loop.Config{ExitWhenIdle: true, Grace: time.Second}, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{})
				e.run(l, func(task *loop.Task) {
					loop.Go(task, g, func(ctx context.Context) (int, error) {
						began := time.Now()
						<-ctx.Done()
						if !errors.Is(context.Cause(ctx), e.want) || time.Since(began) != time.Second {
							t.Errorf("%v after %v", context.Cause(ctx), time.Since(began))
						}
						j.add("heard")
						return 0, nil
					})
				})
			})
			if err != nil {
				t.Error(err)
			}
			j.check(t, "heard")
		})
	}
}

// The saga of a service: what was done is undone though the caller has left.
func TestShieldedUndoesWorkAfterCancel(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{})
		call := func(task *loop.Task, name string) error {
			_, err := loop.Go(task, g, func(ctx context.Context) (int, error) {
				select {
				case <-time.After(time.Second):
					return 0, nil
				case <-ctx.Done():
					return 0, context.Cause(ctx)
				}
			})
			j.addf("%s:%v", name, err)
			return err
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		l.Spawn(ctx, "saga", func(task *loop.Task) {
			if call(task, "hold") != nil {
				return
			}
			defer func() {
				task.Shielded(func() error { return call(task, "release") })
				j.addf("then:%v", task.Sleep(ms))
			}()
			call(task, "charge")
		})
		go func() { time.Sleep(1500 * ms); cancel(errCause) }()
	})
	j.check(t, "hold:<nil> charge:the cause release:<nil> then:the cause")
}

// A deadline is past when it is, also while the loop is too busy to fire its timer:
// the task's next wait fails, its context says why, and who reads the deadline can
// drop the work.
func TestDeadlineOfABusyLoop(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		ctx := context.WithValue(context.Background(), anyKey{}, "value")
		l.Spawn(ctx, "task", func(task *loop.Task) {
			err := task.WithTimeout(10*ms, func() error {
				time.Sleep(20 * ms)
				if err := task.Sleep(ms); err != context.DeadlineExceeded {
					t.Error("the next wait:", err)
				}
				if d, ok := task.Context().Deadline(); !ok || time.Until(d) != -10*ms {
					t.Error("the context's deadline:", d, ok)
				}
				return task.Err()
			})
			if err != context.DeadlineExceeded || task.Err() != nil {
				t.Error("afterwards:", err, task.Err())
			}
		})
	})
}

// The context of a timeout tells it from a cancellation, as package context does,
// also where values were added to it.
func TestContextOfATimeout(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		l.Spawn(context.Background(), "task", func(task *loop.Task) {
			var ctx, derived context.Context
			task.WithTimeout(10*ms, func() error {
				ctx = task.Context()
				derived = context.WithValue(ctx, anyKey{}, "value")
				return task.Sleep(time.Second)
			})
			for _, c := range []context.Context{ctx, derived} {
				if c.Err() != context.DeadlineExceeded || context.Cause(c) != context.DeadlineExceeded {
					t.Error(c.Err(), context.Cause(c))
				}
			}
		})
	})
}

// A task spawned with a context that adds a value to a task's is its child like any
// other: it is cancelled in the same callback, without another goroutine.
func TestChildWithAValue(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		parent := l.Spawn(context.Background(), "parent", func(task *loop.Task) {
			ctx := context.WithValue(task.Context(), anyKey{}, "value")
			l.Spawn(ctx, "child", func(child *loop.Task) { j.addf("child:%v:%d", child.Sleep(time.Hour), l.Turn()) })
			j.addf("parent:%v:%d", task.Sleep(time.Hour), l.Turn())
		})
		l.SetTimeout("cancel", ms, func() { parent.Cancel(errCause) })
	})
	j.check(t, "child:the cause:2 parent:the cause:2")
}

// What a shielded task has spawned goes on through the end of the loop like it.
func TestShieldedChildrenAtTheEnd(t *testing.T) {
	var j journal
	err := simulateWith(t, loop.Config{Grace: -1, Unwind: time.Minute}, func(l *loop.Loop) {
		l.Spawn(context.Background(), "saga", func(task *loop.Task) {
			j.addf("works:%v", task.Sleep(time.Hour))
			task.Shielded(func() error {
				undo := func(child *loop.Task) (int, error) { return 0, child.Sleep(time.Second) }
				a := loop.Async(task.Context(), l, "undo a", undo)
				b := loop.Async(task.Context(), l, "undo b", undo)
				_, err := loop.Await(task, loop.All(l, "both", a, b))
				j.addf("undone:%v", err)
				return err
			})
		})
		l.Close()
	})
	if err != nil {
		t.Error(err)
	}
	j.check(t, "works:loop: closed undone:<nil>")
}

// A scope belongs to its task: nobody else can put it under one.
func TestScopesOfOthers(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		a := l.Spawn(context.Background(), "a", func(task *loop.Task) { task.Sleep(time.Second) })
		l.Spawn(context.Background(), "b", func(*loop.Task) {
			for name, call := range map[string]func(){
				"WithTimeout": func() { a.WithTimeout(ms, func() error { return nil }) },
				"Shielded":    func() { a.Shielded(func() error { return nil }) },
			} {
				if panics(call) == nil {
					t.Errorf("%s of another task is let through", name)
				}
			}
		})
	})
}

// Work whose deadline has passed is dropped unstarted, also while the loop that keeps
// the deadline is blocked.
func TestBlockedLoopsDeadlineCountsInThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool.New(pool.Config{Workers: 1})
		class := p.Class("class", pool.ClassConfig{})
		l := loop.New(loop.Config{ExitWhenIdle: true})
		ran := false
		l.Run(func() {
			l.QueueWork(class, "long", func(context.Context) error { time.Sleep(20 * ms); return nil }, func(error) {})
			l.Spawn(context.Background(), "task", func(task *loop.Task) {
				err := task.WithTimeout(10*ms, func() error {
					_, err := loop.Offload(task, class, func(context.Context) (int, error) { ran = true; return 0, nil })
					return err
				})
				if err != context.DeadlineExceeded {
					t.Error(err)
				}
			})
			l.SetImmediate("block", func() { time.Sleep(50 * ms) })
		})
		p.Close()
		if c := p.Stats().Classes[0]; ran || c.Expired != 1 {
			t.Errorf("ran: %v, %+v", ran, c)
		}
	})
}
