package gateway_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/memstore"
	"brownout/services/gateway/redisstore"
)

// eachStore runs fn as a task with an empty store of each kind.
func eachStore(t *testing.T, fn func(*testing.T, *loop.Task, gateway.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) { fn(t, task, memstore.New(service.NewMemory(rt))) })
	})
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			fn(t, task, redisstore.New(service.NewRedis(rt, service.RedisConfig{Addr: s.Addr, Prefix: "gateway:"})))
		})
	})
}

// An orderKit makes what the orders of a contract test are made of.
type orderKit struct {
	now   time.Time
	lease time.Time
}

func newOrderKit() orderKit {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return orderKit{now, now.Add(time.Minute)}
}

func (k orderKit) draft(id, key, digest string) gateway.Draft {
	reference := shop.NewReference("ann", key)
	return gateway.Draft{
		Order: shop.Order{
			ID: id, Reference: reference, Customer: "ann", Tenant: "north", Status: shop.OrderPending,
			Lines: []shop.Line{{Product: "p1", Quantity: 2}}, Total: 398, Currency: shop.Currency, Created: k.now,
		},
		Claim: gateway.Claim{Key: reference, Digest: digest},
		Lease: k.lease,
	}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}
