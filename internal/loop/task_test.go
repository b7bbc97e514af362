package loop_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

func TestTaskOrder(t *testing.T) {
	spawn := func(l *loop.Loop, fn func(*loop.Task)) { l.Spawn(context.Background(), "task", fn) }
	around := func(l *loop.Loop, j *journal) {
		j.add("main")
		l.NextTick("tick", j.does("tick"))
		l.QueueMicrotask("microtask", j.does("microtask"))
	}
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"runs to its end", func(l *loop.Loop, j *journal) {
			spawn(l, func(*loop.Task) { j.add("task") })
			around(l, j)
		}, "task main tick microtask"},
		{"runs to its first wait", func(l *loop.Loop, j *journal) {
			spawn(l, func(t *loop.Task) { j.add("a"); t.Sleep(ms); j.add("b") })
			around(l, j)
		}, "a main tick microtask b"},
		{"goes on as a promise job", func(l *loop.Loop, j *journal) {
			spawn(l, func(t *loop.Task) { j.add("a"); loop.Await(t, settled(l, 1)); j.add("b") })
			around(l, j)
		}, "a main tick b microtask"},
		{"behind the jobs before it", func(l *loop.Loop, j *journal) {
			around(l, j)
			spawn(l, func(t *loop.Task) { j.add("a"); loop.Await(t, settled(l, 1)); j.add("b") })
		}, "main a tick microtask b"},
		{"also after a rejection", func(l *loop.Loop, j *journal) {
			spawn(l, func(t *loop.Task) { loop.Await(t, failed[int](l, errCause)); j.add("b") })
			around(l, j)
		}, "main tick b microtask"},
		{"one job for every await", func(l *loop.Loop, j *journal) {
			for _, name := range []string{"a", "b"} {
				spawn(l, func(t *loop.Task) {
					for i := range 3 {
						j.addf("%s%d", name, i)
						loop.Await(t, settled(l, i))
					}
				})
			}
		}, "a0 b0 a1 b1 a2 b2"},
		{"a tick of a task runs before its continuation", func(l *loop.Loop, j *journal) {
			spawn(l, func(t *loop.Task) {
				l.NextTick("tick", j.does("tick"))
				loop.Await(t, settled(l, 1))
				j.add("task")
				l.NextTick("tick", j.does("late tick"))
				loop.Await(t, settled(l, 1))
				j.add("task again")
			})
		}, "tick task task again late tick"},
		{"waiting tasks go on in the order of waiting", func(l *loop.Loop, j *journal) {
			p := loop.NewPromise[int](l, "promise")
			for _, name := range []string{"a", "b", "c"} {
				spawn(l, func(t *loop.Task) { loop.Await(t, p); j.add(name) })
			}
			l.SetTimeout("resolve", ms, func() { p.Resolve(1); around(l, j) })
		}, "main tick a b c microtask"},
		{"a child runs before its parent goes on", func(l *loop.Loop, j *journal) {
			spawn(l, func(t *loop.Task) {
				j.add("parent")
				spawn(l, func(t *loop.Task) { j.add("child"); loop.Await(t, settled(l, 1)); j.add("child") })
				j.add("parent")
				loop.Await(t, settled(l, 1))
				j.add("parent")
			})
		}, "parent child parent child parent"},
		{"a task spawned by a microtask", func(l *loop.Loop, j *journal) {
			l.QueueMicrotask("spawn", func() {
				spawn(l, func(t *loop.Task) { j.add("a"); loop.Await(t, settled(l, 1)); j.add("b") })
			})
			around(l, j)
		}, "main tick a microtask b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			simulate(t, func(l *loop.Loop) { c.main(l, &j) })
			j.check(t, c.want)
		})
	}
}

func TestTaskBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		l := loop.New(loop.Config{ExitWhenIdle: true})
		l.Spawn(context.Background(), "early", func(t *loop.Task) {
			j.add("spawned")
			loop.Await(t, settled(l, 1))
			j.add("awaited")
			t.Sleep(time.Second)
			j.add("slept")
		})
		if err := l.Run(j.does("main")); err != nil {
			t.Error(err)
		}
		j.check(t, "spawned main awaited slept")
	})
}

func TestAwait(t *testing.T) {
	later := func(settle func(p *loop.Promise[int])) func(l *loop.Loop) *loop.Promise[int] {
		return func(l *loop.Loop) *loop.Promise[int] {
			p := loop.NewPromise[int](l, "later")
			l.SetTimeout("settle", time.Second, func() { settle(p) })
			return p
		}
	}
	for _, c := range []struct {
		name    string
		promise func(l *loop.Loop) *loop.Promise[int]
		value   int
		err     error
		took    time.Duration
	}{
		{"resolved", func(l *loop.Loop) *loop.Promise[int] { return settled(l, 7) }, 7, nil, 0},
		{"rejected", func(l *loop.Loop) *loop.Promise[int] { return failed[int](l, errCause) }, 0, errCause, 0},
		{"rejected with nil", func(l *loop.Loop) *loop.Promise[int] { return failed[int](l, nil) }, 0, loop.ErrNoReason, 0},
		{"resolved later", later(func(p *loop.Promise[int]) { p.Resolve(7) }), 7, nil, time.Second},
		{"rejected later", later(func(p *loop.Promise[int]) { p.Reject(errCause) }), 0, errCause, time.Second},
		{"settled twice", later(func(p *loop.Promise[int]) { p.Resolve(7); p.Reject(errCause) }), 7, nil, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				p := c.promise(l)
				l.Spawn(context.Background(), "await", func(task *loop.Task) {
					began := time.Now()
					v, err := loop.Await(task, p)
					if v != c.value || err != c.err || time.Since(began) != c.took {
						t.Errorf("%v, %v after %v", v, err, time.Since(began))
					}
				})
			})
		})
	}
}

func TestSleep(t *testing.T) {
	for _, c := range []struct{ sleep, took time.Duration }{
		{-time.Hour, ms}, {0, ms}, {ms, ms}, {ms + 1, ms + 1}, {time.Hour, time.Hour},
	} {
		simulate(t, func(l *loop.Loop) {
			l.Spawn(context.Background(), "sleep", func(task *loop.Task) {
				began := time.Now()
				if err := task.Sleep(c.sleep); err != nil || time.Since(began) != c.took {
					t.Errorf("Sleep(%v): %v after %v", c.sleep, err, time.Since(began))
				}
			})
		})
	}
}

func TestTaskKnowsItself(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		task := l.Spawn(context.Background(), "the name", func(task *loop.Task) {
			if task.Loop() != l || task.Name() != "the name" || task.Err() != nil {
				t.Errorf("%p, %q, %v", task.Loop(), task.Name(), task.Err())
			}
			if _, ok := task.Deadline(); ok {
				t.Error("a deadline that nobody set")
			}
			task.Sleep(ms)
		})
		if task.Name() != "the name" {
			t.Errorf("Spawn returned %q", task.Name())
		}
	})
}

func TestNestedTasks(t *testing.T) {
	const depth = 2000
	simulate(t, func(l *loop.Loop) {
		reached, ended := 0, 0
		var descend func(task *loop.Task)
		descend = func(task *loop.Task) {
			if l.Current() != task {
				t.Error("not the current task")
			}
			if reached++; reached < depth {
				l.Spawn(task.Context(), "deeper", func(child *loop.Task) {
					descend(child)
				})
			}
			if l.Current() != task {
				t.Error("not the current task after a spawn")
			}
			if err := task.Shielded(func() error { return task.Sleep(time.Second) }); err != nil {
				t.Error(err)
			}
			if l.Current() != task {
				t.Error("not the current task after a wait")
			}
			ended++
		}
		l.Spawn(context.Background(), "top", descend)
		if reached != depth || l.Current() != nil {
			t.Errorf("reached %d, current %v", reached, l.Current())
		}
		l.OnClose("check", func() {
			if ended != depth || l.Current() != nil {
				t.Errorf("ended %d, current %v", ended, l.Current())
			}
		})
	})
}

// A coroutine that ended its task runs the next one: however many tasks come
// one after another, there are only as many goroutines as run side by side.
func TestCoroutinesAreReused(t *testing.T) {
	before := runtime.NumGoroutine()
	l := loop.New(loop.Config{ExitWhenIdle: true})
	left := 10_000
	var next func()
	next = func() {
		if left--; left < 0 {
			return
		}
		l.Spawn(context.Background(), "short", func(t *loop.Task) {
			loop.Await(t, settled(l, left))
		})
		l.QueueMicrotask("next", next)
	}
	l.OnClose("count", func() { goroutinesReturnTo(t, before+4) }) // while those that idle are there
	if err := l.Run(next); err != nil {
		t.Error(err)
	}
	goroutinesReturnTo(t, before)
}

func TestIdleCoroutinesAreBounded(t *testing.T) {
	before := runtime.NumGoroutine()
	l := loop.New(loop.Config{ExitWhenIdle: true})
	l.Run(func() {
		all := loop.NewPromise[int](l, "all")
		for range 3000 {
			l.Spawn(context.Background(), "crowd", func(t *loop.Task) { loop.Await(t, all) })
		}
		// Some of those counted before may have been about to end.
		if n := runtime.NumGoroutine() - before; n < 2900 {
			t.Errorf("%d goroutines for 3,000 waiting tasks", n)
		}
		all.Resolve(1)
		l.SetImmediate("after", func() {
			// Those that were stopped may not have been taken off the count yet.
			goroutinesReturnTo(t, before+1024)
		})
	})
	goroutinesReturnTo(t, before)
}

// goroutinesReturnTo waits for goroutines that have ended to be gone. Also, while
// the garbage collector frees their stacks, the runtime counts them once more.
func goroutinesReturnTo(t *testing.T, n int) {
	t.Helper()
	for began := time.Now(); runtime.NumGoroutine() > n; time.Sleep(time.Millisecond) { // a thread that the kernel stopped has one that is about to end
		if time.Since(began) > 10*time.Second {
			t.Errorf("%d goroutines are left, want %d", runtime.NumGoroutine(), n)
			return
		}
	}
}

func TestWaitingElsewherePanics(t *testing.T) {
	group := func(l *loop.Loop, limit int) *loop.Group {
		return loop.NewGroup(l, loop.GroupConfig{Limit: limit, Queue: 1})
	}
	for _, c := range []struct {
		name string
		wait func(l *loop.Loop, task *loop.Task)
	}{
		{"Await", func(l *loop.Loop, task *loop.Task) { loop.Await(task, settled(l, 1)) }},
		{"Sleep", func(l *loop.Loop, task *loop.Task) { task.Sleep(0) }},
		{"Offload", func(l *loop.Loop, task *loop.Task) {
			loop.Offload(task, loop.NewSimulated(l, loop.SimulatedConfig{}), nothing)
		}},
		{"Go", func(l *loop.Loop, task *loop.Task) { loop.Go(task, group(l, 1), nothing) }},
		{"within a timeout", func(l *loop.Loop, task *loop.Task) {
			task.WithTimeout(time.Second, func() error { return task.Sleep(0) })
		}},
		{"a cancelled task", func(l *loop.Loop, task *loop.Task) { task.Cancel(nil); task.Sleep(0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				check := func(where string, task *loop.Task) {
					if panics(func() { c.wait(l, task) }) == nil {
						t.Error("no panic in", where)
					}
				}
				slept := 0
				sleep := func(t *loop.Task) { t.Sleep(time.Second); slept++ }
				task := l.Spawn(context.Background(), "other", sleep)
				check("main", task)
				l.SetTimeout("callback", ms, func() { check("a callback", task) })
				l.Spawn(context.Background(), "wrong", func(*loop.Task) { check("another task", task) })
				l.Spawn(context.Background(), "parent", func(parent *loop.Task) {
					l.Spawn(context.Background(), "child", func(*loop.Task) { check("a child", parent) })
					sleep(parent)
				})
				l.SetTimeout("ended", 2*time.Second, func() { check("a callback after its end", task) })
				l.OnClose("check", func() {
					if slept != 2 {
						t.Error("misuse disturbed the tasks:", slept)
					}
				})
			})
		})
	}
}

func TestTasksReturnValues(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		half := func(n int) *loop.Promise[int] {
			return loop.Async(context.Background(), l, "half", func(t *loop.Task) (int, error) {
				if err := t.Sleep(time.Second); err != nil || n%2 == 1 {
					return 0, errors.Join(err, errCause)
				}
				return n / 2, nil
			})
		}
		l.Spawn(context.Background(), "caller", func(task *loop.Task) {
			if v, err := loop.Await(task, half(8)); v != 4 || err != nil {
				t.Errorf("%v, %v", v, err)
			}
			if v, err := loop.Await(task, half(7)); v != 0 || !errors.Is(err, errCause) {
				t.Errorf("%v, %v", v, err)
			}
		})
	})
}

// Between two waits a task has the loop to itself; across a wait it has not.
func TestLostUpdate(t *testing.T) {
	for _, c := range []struct {
		name string
		wait func(*loop.Task)
		want int
	}{
		{"no wait", func(*loop.Task) {}, 100},
		{"await", func(t *loop.Task) { loop.Await(t, settled(t.Loop(), 1)) }, 1},
		{"sleep", func(t *loop.Task) { t.Sleep(time.Second) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			balance := 0
			simulate(t, func(l *loop.Loop) {
				for range 100 {
					l.Spawn(context.Background(), "deposit", func(t *loop.Task) {
						read := balance
						c.wait(t)
						balance = read + 1
					})
				}
			})
			if balance != c.want {
				t.Errorf("balance %d, want %d", balance, c.want)
			}
		})
	}
}

// The race detector sees to it that what belongs to the loop needs no lock,
// whoever touches it: callbacks of every kind, tasks, and results of calls.
func TestLoopStateNeedsNoLock(t *testing.T) {
	const tasks, posters, posts = 50, 4, 100
	state, counts := 0, map[string]int{}
	touch := func(who string) { state++; counts[who]++ }
	var others sync.WaitGroup
	err := simulateWith(t, loop.Config{}, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 8, Queue: tasks})
		for range tasks {
			l.Spawn(context.Background(), "task", func(task *loop.Task) {
				touch("task")
				seen, err := loop.Go(task, g, func(context.Context) (*int, error) { n := 1; return &n, nil })
				if err != nil {
					t.Error(err)
					return
				}
				*seen++
				touch("call")
				loop.Await(task, settled(l, 1))
				touch("await")
			})
			l.SetTimeout("timer", ms, func() { touch("timer") })
			l.SetImmediate("immediate", func() { touch("immediate") })
		}
		for range posters {
			others.Go(func() {
				for range posts {
					for l.Post("post", func() { touch("post") }) != nil {
						runtime.Gosched()
					}
				}
			})
		}
		l.SetTimeout("close", 3*ms, func() {
			others.Wait()
			l.Close()
		})
	})
	if want := "map[await:50 call:50 immediate:50 post:400 task:50 timer:50]"; err != nil || fmt.Sprint(counts) != want || state != 650 {
		t.Errorf("%v, %v, %d", err, counts, state)
	}
}
