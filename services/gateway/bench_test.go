package gateway_test

import (
	"context"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/memstore"
)

// still is an inventory that answers at once, and payments that are never asked.
type still struct {
	gateway.Inventory
	gateway.Payments
}

// Products implements gateway.Inventory.
func (still) Products(*loop.Task, string, int) (shop.ProductPage, error) {
	return shop.ProductPage{Products: []shop.Product{{ID: "p1", Name: "One", Price: 1, Currency: "EUR", Available: 1}}}, nil
}

// handling runs fn as a task, with the handler of a route.
func handling(tb testing.TB, route string, fn func(*loop.Task, service.Handler)) {
	tb.Helper()
	l := loop.New(loop.Config{Name: "test", Grace: -1})
	rt := service.Simulate(l, service.SimulateConfig{})
	s := gateway.New(rt, gateway.Config{
		Store: memstore.New(service.NewMemory(rt)), Inventory: still{}, Payments: still{}, SigningKey: signingKey(), BcryptCost: 4,
	})
	err := l.Run(func() {
		l.Spawn(context.Background(), "test", func(t *loop.Task) {
			defer l.Close()
			for _, r := range s.Routes {
				if r.Name == route {
					fn(t, r.Handle)
				}
			}
		})
	})
	if err != nil {
		tb.Error(err)
	}
}

// known is a request with a good access token, as a listener would hand it over.
func known(tb testing.TB, r *service.Request) *service.Request {
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claimsOf(nil)).SignedString(signingKey())
	if err != nil {
		tb.Fatal(err)
	}
	r.Headers = service.Fields{{Name: "Authorization", Value: "Bearer " + token}}
	return r
}

func BenchmarkProducts(b *testing.B) {
	handling(b, "products", func(t *loop.Task, handle service.Handler) {
		r := &service.Request{RawQuery: "limit=20"}
		b.ReportAllocs()
		for b.Loop() {
			if answer, err := handle(t, r); err != nil || len(answer.Body) == 0 {
				b.Fatal(answer, err)
			}
		}
	})
}

// BenchmarkKnown is what it costs to know who asks, here for a request that is then
// refused for its query.
func BenchmarkKnown(b *testing.B) {
	handling(b, "orders", func(t *loop.Task, handle service.Handler) {
		r := known(b, &service.Request{RawQuery: "limit=0"})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := handle(t, r); err == nil {
				b.Fatal("not refused")
			}
		}
	})
}

func TestCachedProductsCostNothing(t *testing.T) {
	handling(t, "products", func(task *loop.Task, handle service.Handler) {
		r := &service.Request{RawQuery: "limit=20"}
		if a, err := handle(task, r); err != nil || !strings.Contains(string(a.Body), "p1") {
			t.Errorf("%s, %v", a.Body, err)
			return
		}
		allocs := testing.AllocsPerRun(100, func() { _, _ = handle(task, r) })
		want(t, "allocations", allocs, 0.0)
	})
}
