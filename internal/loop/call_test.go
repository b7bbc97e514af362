package loop_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// oneSecond is a call that ends sooner only if its context does.
func oneSecond(ctx context.Context) (int, error) {
	select {
	case <-time.After(time.Second):
		return 1, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// callers spawns tasks that make one call each and write down how it went.
func callers(l *loop.Loop, g *loop.Group, j *journal, names ...string) (tasks []*loop.Task) {
	for _, name := range names {
		tasks = append(tasks, l.Spawn(context.Background(), name, func(t *loop.Task) {
			began := time.Now()
			_, err := loop.Go(t, g, oneSecond)
			j.addf("%s:%v@%v", name, err, time.Since(began))
		}))
	}
	return tasks
}

func TestGroup(t *testing.T) {
	for _, c := range []struct {
		name         string
		limit, queue int
		main         func(l *loop.Loop, g *loop.Group, j *journal)
		want         string
	}{
		{"one after another, first come, first served", 1, 9, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a", "b", "c")
		}, "a:<nil>@1s b:<nil>@2s c:<nil>@3s"},
		{"no limit", 0, 0, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a")
			l.SetTimeout("later", ms, func() { callers(l, g, j, "b") })
		}, "a:<nil>@1s b:<nil>@1s"},
		{"none waits", 1, 0, func(l *loop.Loop, g *loop.Group, j *journal) { callers(l, g, j, "a", "b") },
			"b:loop: full@0s a:<nil>@1s"},
		{"the queue is bounded", 1, 1, func(l *loop.Loop, g *loop.Group, j *journal) { callers(l, g, j, "a", "b", "c") },
			"c:loop: full@0s a:<nil>@1s b:<nil>@2s"},
		{"a waiting call that is cancelled frees its place", 1, 1, func(l *loop.Loop, g *loop.Group, j *journal) {
			tasks := callers(l, g, j, "a", "b")
			l.SetTimeout("cancel", 500*ms, func() { tasks[1].Cancel(errCause) })
			l.SetTimeout("later", 600*ms, func() { callers(l, g, j, "c") })
		}, "b:the cause@500ms a:<nil>@1s c:<nil>@1.4s"},
		{"the one behind it moves up", 1, 2, func(l *loop.Loop, g *loop.Group, j *journal) {
			tasks := callers(l, g, j, "a", "b", "c")
			l.SetTimeout("cancel", 500*ms, func() { tasks[1].Cancel(errCause) })
		}, "b:the cause@500ms a:<nil>@1s c:<nil>@2s"},
		{"a running call that is cancelled frees its place when it ends", 1, 1, func(l *loop.Loop, g *loop.Group, j *journal) {
			tasks := callers(l, g, j, "a", "b")
			l.SetTimeout("cancel", 500*ms, func() { tasks[0].Cancel(errCause) })
		}, "a:the cause@500ms b:<nil>@1.5s"},
		{"a higher limit lets waiting calls in", 1, 9, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a", "b", "c")
			l.SetTimeout("raise", 500*ms, func() { g.SetLimit(2, 9) })
		}, "a:<nil>@1s b:<nil>@1.5s c:<nil>@2s"},
		{"no limit any more", 1, 9, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a", "b")
			l.SetTimeout("raise", 500*ms, func() { g.SetLimit(0, 0) })
		}, "a:<nil>@1s b:<nil>@1.5s"},
		{"a lower limit leaves running calls alone", 2, 9, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a")
			l.SetTimeout("b", 500*ms, func() { callers(l, g, j, "b", "c"); g.SetLimit(1, 9) })
		}, "a:<nil>@1s b:<nil>@1s c:<nil>@2s"},
		{"a shorter queue keeps those in it", 1, 9, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a", "b")
			g.SetLimit(1, 0)
			callers(l, g, j, "c")
		}, "c:loop: full@0s a:<nil>@1s b:<nil>@2s"},
		{"a cancelled call is not said to be one too many", 1, 0, func(l *loop.Loop, g *loop.Group, j *journal) {
			callers(l, g, j, "a")
			l.Spawn(context.Background(), "b", func(t *loop.Task) {
				t.Cancel(errCause)
				_, err := loop.Go(t, g, oneSecond)
				j.addf("b:%v", err)
			})
		}, "b:the cause a:<nil>@1s"},
		{"the place of a cancelled call is free at once", 1, 1, func(l *loop.Loop, g *loop.Group, j *journal) {
			tasks := callers(l, g, j, "a", "b")
			l.SetTimeout("replace", 500*ms, func() { tasks[1].Cancel(errCause); callers(l, g, j, "c") })
		}, "b:the cause@500ms a:<nil>@1s c:<nil>@1.5s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			simulate(t, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{Limit: c.limit, Queue: c.queue})
				c.main(l, g, &j)
				l.OnClose("check", func() { checkEmpty(t, g) })
			})
			j.check(t, c.want)
		})
	}
}

func checkEmpty(t *testing.T, g *loop.Group) {
	t.Helper()
	if running, waiting := g.InFlight(); running != 0 || waiting != 0 {
		t.Errorf("%d running, %d waiting at the end", running, waiting)
	}
}

// Whatever happens to a group, it keeps its bounds, lets in whom it may, and
// accounts for every call.
func TestGroupUnderStress(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { stressGroup(t, seed) })
	}
}

func stressGroup(t *testing.T, seed uint64) {
	const calls = 300
	random := rand.New(rand.NewPCG(seed, 1))
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	var inside, started atomic.Int64
	outcomes := map[string]int{}
	config := loop.Config{ExitWhenIdle: true, MaxOperations: 6}
	err := simulateWith(t, config, func(l *loop.Loop) {
		limit, queue := 3, 5
		g := loop.NewGroup(l, loop.GroupConfig{Limit: limit, Queue: queue})
		running, waiting := 0, 0 // the most there may be
		unheard := 0             // limits that the loop has not heard of yet
		look := func() {
			r, w := g.InFlight()
			running, waiting = max(limit, min(running, r)), max(queue, min(waiting, w))
			if r > running || w > waiting {
				t.Errorf("%d of %d run, %d of %d wait", r, limit, w, queue)
			}
			if w > 0 && r < limit && unheard == 0 {
				t.Errorf("%d wait though only %d of %d run", w, r, limit)
			}
			if n := int(inside.Load()); n > r {
				t.Errorf("%d goroutines for %d calls", n, r)
			}
		}
		look()
		l.SetInterval("look", ms, look).Unref()
		for i := range calls {
			takes, listens, shielded := upTo(20*ms), random.IntN(2) == 0, random.IntN(8) == 0
			call := func(ctx context.Context) (int, error) {
				started.Add(1)
				inside.Add(1)
				defer inside.Add(-1)
				if !listens {
					ctx = context.Background()
				}
				select {
				case <-time.After(takes):
				case <-ctx.Done():
				}
				return i, nil
			}
			timeout := 1000 * ms
			if random.IntN(3) == 0 {
				timeout = upTo(20 * ms)
			}
			cancelAfter := upTo(100 * ms)
			l.SetTimeout("arrival", upTo(300*ms), func() {
				task := l.Spawn(context.Background(), "call", func(task *loop.Task) {
					var v int
					try := func() error {
						return task.WithTimeout(timeout, func() (err error) { v, err = loop.Go(task, g, call); return err })
					}
					err := error(nil)
					if shielded {
						err = task.Shielded(try)
					} else {
						err = try()
					}
					if err == nil && v != i {
						t.Errorf("call %d got the answer of %d", i, v)
					}
					outcomes[fmt.Sprint(err)]++
					look()
				})
				l.SetTimeout("cancel", cancelAfter, func() { task.Cancel(errCause) })
			})
		}
		for range 30 {
			to, deep := random.IntN(6), random.IntN(8)
			l.SetTimeout("set limit", upTo(300*ms), func() {
				if limit, queue = to, deep; limit == 0 {
					limit = calls // no limit
				}
				g.SetLimit(to, deep)
				unheard++
				look()
				l.SetImmediate("heard", func() { unheard--; look() })
			})
		}
		l.OnClose("check", func() { checkEmpty(t, g) })
	})
	total := 0
	for _, n := range outcomes {
		total += n
	}
	if err != nil || total != calls || inside.Load() != 0 || started.Load() < int64(outcomes["<nil>"]) {
		t.Errorf("%v, %d outcomes: %v, %d started", err, total, outcomes, started.Load())
	}
	if len(outcomes) < 4 {
		t.Errorf("the seed tries too little: %v", outcomes)
	}
}

func TestOffload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		workers := pool.New(pool.Config{Workers: 2})
		defer workers.Close()
		class := workers.Class("jobs", pool.ClassConfig{Queue: 1})
		var j journal
		l := loop.New(loop.Config{ExitWhenIdle: true})
		err := l.Run(func() {
			for _, name := range []string{"a", "b", "c", "d"} {
				l.Spawn(context.Background(), name, func(task *loop.Task) {
					began := time.Now()
					v, err := loop.Offload(task, class, func(ctx context.Context) (string, error) {
						time.Sleep(time.Second)
						return name, nil
					})
					j.addf("%s:%v@%v", v, err, time.Since(began))
				})
				time.Sleep(ms) // so that answers come one by one
			}
			l.SetTimeout("others go on", 100*ms, j.does("timer"))
		})
		if err != nil {
			t.Error(err)
		}
		j.check(t, ":pool: queue full@0s timer a:<nil>@1s b:<nil>@1s c:<nil>@1.998s")
	})
}

// A job whose task was cancelled before a worker was free is not done.
func TestExpiredJobIsNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		workers := pool.New(pool.Config{Workers: 1})
		class := workers.Class("jobs", pool.ClassConfig{})
		var j journal
		l := loop.New(loop.Config{ExitWhenIdle: true})
		l.Run(func() {
			job := func(name string, took time.Duration) func(context.Context) (int, error) {
				return func(context.Context) (int, error) { time.Sleep(took); j.add(name); return 0, nil }
			}
			l.Spawn(context.Background(), "slow", func(task *loop.Task) { loop.Offload(task, class, job("slow", time.Second)) })
			l.Spawn(context.Background(), "hasty", func(task *loop.Task) {
				err := task.WithTimeout(100*ms, func() error { _, err := loop.Offload(task, class, job("hasty", 0)); return err })
				if err != context.DeadlineExceeded {
					t.Error(err)
				}
				loop.Offload(task, class, job("next", 0))
			})
		})
		workers.Close()
		j.check(t, "slow next")
		if counts := workers.Stats().Classes[0].Counts; counts.Expired != 1 || counts.Completed != 2 {
			t.Errorf("%+v", counts)
		}
	})
}

// An executor of a test says what becomes of a job.
type executor func(ctx context.Context, job loop.Job) error

func (e executor) Submit(ctx context.Context, job loop.Job) error { return e(ctx, job) }

var (
	inline    = executor(func(ctx context.Context, job loop.Job) error { job.Run(ctx); return nil })
	elsewhere = executor(func(ctx context.Context, job loop.Job) error { go job.Run(ctx); return nil })
	refuses   = executor(func(context.Context, loop.Job) error { return errCause })
	drops     = executor(func(_ context.Context, job loop.Job) error { job.Drop(errCause); return nil })
	dropsLate = executor(func(_ context.Context, job loop.Job) error {
		time.AfterFunc(time.Second, func() { job.Drop(errCause) })
		return nil
	})
)

func TestExecutors(t *testing.T) {
	errWork := errors.New("the work's error")
	for _, c := range []struct {
		name     string
		executor loop.Executor
		work     error
		submit   error // of QueueWork
		after    error // of everything else
	}{
		{"inline", inline, nil, nil, nil},
		{"on a goroutine", elsewhere, nil, nil, nil},
		{"work that fails", elsewhere, errWork, nil, errWork},
		{"refuses", refuses, nil, errCause, errCause},
		{"drops", drops, nil, nil, errCause},
		{"drops late", dropsLate, nil, nil, errCause},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9, Executor: c.executor})
				l.OnClose("check", func() { checkEmpty(t, g) })
				work := func(context.Context) (int, error) { return 7, c.work }
				check := func(how string, v int, err error) {
					if err != c.after || err == nil && v != 7 {
						t.Errorf("%s: %v, %v", how, v, err)
					}
				}
				for range 3 {
					l.Spawn(context.Background(), "task", func(task *loop.Task) {
						v, err := loop.Offload(task, c.executor, work)
						check("Offload", v, err)
						v, err = loop.Go(task, g, work)
						check("Go", v, err)
					})
					told, submitted := 0, false
					err := l.QueueWork(c.executor, "work", func(context.Context) error { return c.work }, func(err error) {
						told++
						if !submitted {
							t.Error("after ran before QueueWork returned")
						}
						check("QueueWork", 7, err)
					})
					submitted = true
					if err != c.submit {
						t.Error("QueueWork:", err)
					}
					l.OnClose("check", func() {
						if want := map[bool]int{true: 1, false: 0}[c.submit == nil]; told != want {
							t.Errorf("after was called %d times", told)
						}
					})
				}
			})
		})
	}
}

// Operations of every kind count together, and a refused one leaves nothing behind.
func TestMaxOperations(t *testing.T) {
	var j journal
	err := simulateWith(t, loop.Config{ExitWhenIdle: true, MaxOperations: 2}, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 2, Queue: 9})
		class := loop.NewSimulated(l, loop.SimulatedConfig{Delay: func(*rand.Rand) time.Duration { return 2 * time.Second }})
		queueWork := func(name string) {
			work := func(context.Context) error { return nil }
			err := l.QueueWork(class, name, work, func(err error) { j.addf("%s:%v", name, err) })
			if err != nil {
				j.addf("%s:%v", name, err)
			}
		}
		queueWork("work")
		callers(l, g, &j, "a", "b")
		queueWork("more work")
		l.Spawn(context.Background(), "job", func(task *loop.Task) {
			_, err := loop.Offload(task, class, oneSecond)
			j.addf("job:%v", err)
		})
		if running, waiting := g.InFlight(); running != 1 || waiting != 0 {
			t.Errorf("%d running, %d waiting", running, waiting)
		}
		l.SetTimeout("later", 1500*ms, func() { callers(l, g, &j, "c") })
		l.OnClose("check", func() { checkEmpty(t, g) })
	})
	if err != nil {
		t.Error(err)
	}
	j.check(t, "b:loop: full@0s more work:loop: full job:loop: full a:<nil>@1s work:<nil> c:<nil>@1s")
}

// The next answer goes to the next wait, though a task's calls share a struct.
func TestCallsOneAfterAnother(t *testing.T) {
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{})
		l.Spawn(context.Background(), "task", func(task *loop.Task) {
			for i := range 100 {
				takes := time.Duration(1+i%7) * ms
				want, wantErr := i, error(nil)
				if i%3 == 0 {
					want, wantErr = 0, context.DeadlineExceeded
					takes *= 10
				}
				var v int
				err := task.WithTimeout(8*ms, func() (err error) {
					v, err = loop.Go(task, g, func(context.Context) (int, error) { time.Sleep(takes); return i, nil })
					return err
				})
				if v != want || err != wantErr {
					t.Errorf("call %d: %v, %v", i, v, err)
				}
			}
		})
	})
}

// A loop whose last timer has fired waits for a call without turning.
func TestLoopRestsAfterItsLastTimer(t *testing.T) {
	turns := 0
	simulate(t, func(l *loop.Loop) {
		spins := make(chan struct{})
		g := loop.NewGroup(l, loop.GroupConfig{})
		l.OnPrepare("count", func() {
			if turns++; turns == 100 {
				close(spins)
			}
		})
		l.SetTimeout("the last", ms, func() {})
		l.Spawn(context.Background(), "task", func(task *loop.Task) {
			loop.Go(task, g, func(context.Context) (int, error) {
				select {
				case <-time.After(time.Hour):
				case <-spins:
					t.Error("the loop turns and turns")
				}
				return 0, nil
			})
		})
	})
	if turns > 10 {
		t.Errorf("%d turns", turns)
	}
}

// Many goroutines complete at once, while the loop goes to sleep and wakes up:
// no completion is lost.
func TestCompletionsAreNeverLost(t *testing.T) {
	const tasks, calls = 32, 100
	workers := pool.New(pool.Config{})
	defer workers.Close()
	class := workers.Class("jobs", pool.ClassConfig{})
	l := loop.New(loop.Config{ExitWhenIdle: true})
	sum := 0
	err := l.Run(func() {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 8, Queue: tasks})
		one := func(context.Context) (int, error) { return 1, nil }
		for range tasks {
			l.Spawn(context.Background(), "task", func(task *loop.Task) {
				for range calls {
					a, _ := loop.Go(task, g, one)
					b, _ := loop.Offload(task, class, one)
					sum += a + b
				}
			})
		}
		l.OnClose("check", func() { checkEmpty(t, g) })
	})
	if err != nil || sum != 2*tasks*calls {
		t.Error(err, sum)
	}
}
