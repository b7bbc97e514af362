package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/services/inventory"
	"brownout/services/inventory/memstore"
	"brownout/services/inventory/redisstore"
)

// An opener makes a new and empty store.
type opener func(rt *service.Runtime) inventory.Store

// patience is what an operation of a test may take: it is not the machine that is tested.
const patience = 20 * time.Second

// eachStore runs a test with every kind of store.
func eachStore(t *testing.T, test func(t *testing.T, open opener)) {
	t.Run("memory", func(t *testing.T) {
		test(t, func(rt *service.Runtime) inventory.Store { return memstore.New(service.NewMemory(rt)) })
	})
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		opened := 0
		test(t, func(rt *service.Runtime) inventory.Store {
			opened++
			prefix := fmt.Sprintf("inventory:%d:", opened)
			return redisstore.New(service.NewRedis(rt, service.RedisConfig{Addr: s.Addr, Prefix: prefix, Timeout: patience}))
		})
	})
}

// onLoop runs fn as a task on a loop of its own, and returns its error.
func onLoop(t *testing.T, fn func(t *loop.Task, rt *service.Runtime) error) (err error) {
	t.Helper()
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) { err = fn(task, rt) })
	return err
}
