package servicetest

import (
	"log/slog"
	"math/rand/v2"
	"testing"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
	"brownout/internal/service"
)

// OnLoop runs fn as a task on a loop with a worker pool and goroutines, in real time.
func OnLoop(t *testing.T, fn func(*loop.Task, *service.Runtime)) {
	t.Helper()
	l := loop.New(loop.Config{Name: "test", Grace: -1})
	workers := pool.New(pool.Config{})
	defer workers.Close()
	rt := &service.Runtime{
		Name:        "test",
		Loop:        l,
		Random:      rand.New(rand.NewPCG(1, 2)),
		Log:         slog.New(slog.DiscardHandler),
		Protections: resilience.NewRegistry(nil),
		Classes:     func(name string) resilience.Class { return workers.Class(name, pool.ClassConfig{}) },
	}
	run(t, l, func() {
		l.Spawn(t.Context(), "test", func(task *loop.Task) {
			defer l.Close()
			fn(task, rt)
		})
	})
}
