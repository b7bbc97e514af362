package service_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A connection that is occupied is missing to its class, and to no other, until the
// operation is told to stop.
func TestOccupyHoldsAConnection(t *testing.T) {
	config := service.RedisConfig{Timeout: patience, Acquire: 20 * time.Millisecond, InFlight: 1, Queue: 1}
	withRedis(t, config, func(t *testing.T, task *loop.Task, rt *service.Runtime, _ redistest.Server, r *service.Redis) {
		lists := r.Class("lists", 1, 1)
		if all := r.Classes(); !slices.Equal(all, []string{"default", "lists"}) || !slices.Equal(all, lists.Classes()) {
			t.Errorf("classes %q and %q", all, lists.Classes())
		}
		var stopped atomic.Bool
		held := loop.Async(task.Context(), task.Loop(), "held", func(t *loop.Task) (int, error) {
			return 0, r.Occupy(t, "lists", patience, stopped.Load)
		})
		_ = task.Sleep(time.Millisecond)
		_, err := service.RedisDo(task, lists, "ping", ping)
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.AcquireTimeout {
			t.Errorf("of the class: %v", err)
		}
		if _, err := service.RedisDo(task, r, "ping", ping); err != nil {
			t.Errorf("of another class: %v", err)
		}
		began := time.Now()
		stopped.Store(true)
		if _, err := loop.Await(task, held); err != nil || time.Since(began) > patience/2 {
			t.Errorf("it ends %v after it was told to: %v", time.Since(began), err)
		}
		if _, err := service.RedisDo(task, lists, "ping", ping); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

func TestOccupyTakesItsTime(t *testing.T) {
	withRedis(t, service.RedisConfig{Timeout: patience}, func(t *testing.T, task *loop.Task, _ *service.Runtime, _ redistest.Server, r *service.Redis) {
		began := time.Now()
		err := r.Occupy(task, "default", 120*time.Millisecond, func() bool { return false })
		if took := time.Since(began); err != nil || took < 100*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
	})
}
