package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"brownout/internal/loop"
)

type programKey struct{}

// programOf returns a context of a program, and what Abandon asks to find its tasks.
func programOf(name string) (context.Context, func(context.Context) bool) {
	return context.WithValue(context.Background(), programKey{}, name),
		func(ctx context.Context) bool { return ctx.Value(programKey{}) == name }
}

func TestAbandonEndsTasksWhereTheyWait(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		mine, isMine := programOf("mine")
		other, _ := programOf("other")
		sleeper := func(name string) func(*loop.Task) {
			return func(task *loop.Task) {
				defer j.add(name + " deferred")
				err := task.Sleep(time.Second)
				j.addf("%s slept: %v", name, err)
			}
		}
		l.Spawn(mine, "parent", func(task *loop.Task) {
			l.Spawn(task.Context(), "child", sleeper("child"))
			l.Spawn(context.WithoutCancel(task.Context()), "detached", sleeper("detached"))
			sleeper("parent")(task)
		})
		l.Spawn(other, "other", sleeper("other"))
		l.Spawn(mine, "over", func(*loop.Task) {})
		l.SetTimeout("crash", 500*time.Millisecond, func() { j.addf("%d", l.Abandon(isMine)) })
	})
	j.check(t, "parent deferred child deferred detached deferred 3 other slept: <nil> other deferred")
}

func TestAbandonDropsWhatIsUnderWay(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		mine, isMine := programOf("mine")
		ex := loop.NewSimulated(l, loop.SimulatedConfig{})
		group := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Executor: ex})
		l.Spawn(mine, "caller", func(task *loop.Task) {
			loop.Go(task, group, func(context.Context) (int, error) { j.add("happens"); return 0, nil })
			j.add("continues")
		})
		l.Abandon(isMine)
		l.SetTimeout("later", time.Second, func() {
			running, waiting := group.InFlight()
			j.addf("in flight %d %d", running, waiting)
		})
	})
	j.check(t, "happens in flight 0 0")
}

func TestAbandonFromATaskOfAnotherProgram(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		mine, isMine := programOf("mine")
		l.Spawn(mine, "doomed", func(task *loop.Task) { task.Sleep(time.Second); j.add("doomed") })
		l.Spawn(context.Background(), "killer", func(task *loop.Task) {
			j.addf("%d", l.Abandon(isMine))
			j.addf("%v", task.Sleep(time.Second))
		})
	})
	j.check(t, "1 <nil>")
}

// following notes when its task runs and waits.
type following struct {
	context.Context
	j *journal
}

func (f following) TaskRuns()  { f.j.add("runs") }
func (f following) TaskWaits() { f.j.add("waits") }

func TestFollowerHearsWhenItsTaskRunsAndWaits(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		l.Spawn(following{context.Background(), &j}, "task", func(task *loop.Task) {
			for i := range 2 {
				j.add(fmt.Sprint(i))
				task.Sleep(time.Second)
			}
			l.Spawn(task.Context(), "child", func(*loop.Task) { j.add("child") })
		})
	})
	j.check(t, "runs 0 waits runs 1 waits runs child waits")
}

func TestSimulatedTakesNewBounds(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		ex := loop.NewSimulated(l, loop.SimulatedConfig{Workers: 1, Delay: func(*rand.Rand) time.Duration { return time.Second }})
		began := time.Now()
		for i := range 4 {
			l.QueueWork(ex, "work", func(context.Context) error { return nil }, func(error) {
				j.addf("%d@%v", i, time.Since(began))
			})
		}
		l.SetTimeout("more", 1500*time.Millisecond, func() { ex.Configure(2, 0) })
	})
	j.check(t, "0@1s 1@2s 2@2.5s 3@3s")
}
