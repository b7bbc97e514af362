package loop_test

import (
	"context"
	"testing"
	"time"

	"brownout/internal/bench/lockstep"
	"brownout/internal/loop"
	"brownout/internal/pool"
)

// BenchmarkLockstep is what brownout bench compares between revisions. An op is a whole one, and leaves nothing behind: one
// after the other, as the loop would do them.
func BenchmarkLockstep(b *testing.B) {
	b.Run("tick", func(b *testing.B) { chain(b, (*loop.Loop).NextTick) })
	b.Run("microtask", func(b *testing.B) { chain(b, (*loop.Loop).QueueMicrotask) })
	b.Run("immediate", func(b *testing.B) {
		chain(b, func(l *loop.Loop, name string, fn func()) { l.SetImmediate(name, fn) })
	})
	b.Run("timer", func(b *testing.B) {
		onLoop(b, func(l *loop.Loop) {
			never := func() {}
			for turns := lockstep.Start(b); turns.Next(); {
				l.SetTimeout("timer", time.Minute, never).Clear()
			}
		})
	})
	b.Run("await", func(b *testing.B) {
		inTask(b, func(l *loop.Loop) func(t *loop.Task) {
			p := loop.NewPromise[int](l, "promise")
			p.Resolve(1)
			return func(t *loop.Task) { loop.Await(t, p) }
		})
	})
	b.Run("offload", func(b *testing.B) {
		workers := pool.New(pool.Config{})
		defer workers.Close()
		class := workers.Class("jobs", pool.ClassConfig{})
		inTask(b, func(*loop.Loop) func(t *loop.Task) {
			return func(t *loop.Task) {
				if _, err := loop.Offload(t, class, nothing); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// chain has each callback queue the next one.
func chain(b *testing.B, queue func(l *loop.Loop, name string, fn func())) {
	onLoop(b, func(l *loop.Loop) {
		turns := lockstep.Start(b)
		var step func()
		step = func() {
			if turns.Next() {
				queue(l, "step", step)
			}
		}
		step()
	})
}

// inTask has a task do the same again and again.
func inTask(b *testing.B, prepare func(l *loop.Loop) func(t *loop.Task)) {
	onLoop(b, func(l *loop.Loop) {
		op := prepare(l)
		l.Spawn(context.Background(), "task", func(t *loop.Task) {
			for turns := lockstep.Start(b); turns.Next(); {
				op(t)
			}
		})
	})
}
