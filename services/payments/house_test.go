package payments_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/services/payments"
	"brownout/services/payments/bank"
	"brownout/services/payments/memstore"
)

// A house is the service with two banks on one loop, in virtual time: bank-a knows
// idempotency keys, bank-b does not.
type house struct {
	t     testing.TB
	task  *loop.Task
	rt    *service.Runtime
	a, b  *line
	banks []*line // that the service knows
	retry int     // attempts of its clients

	tenants []string // who may be paid; nil for anyone
	store   *memstore.Store
	memory  *service.Memory
	desk    *service.Dispatcher
	life    context.Context
	end     context.CancelFunc

	told     map[string]answer     // by key, what a client was told for good
	contract *servicetest.Contract // that every exchange is held against, nil for none
}

type lifeKey struct{}

// inHouse runs a test in a new house. Off are the protections that are off.
func inHouse(t *testing.T, fn func(h *house), off ...resilience.Name) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		onLoop(t, func(task *loop.Task) {
			h := newHouse(t, task, newRuntime(task.Loop()))
			defer func() { h.end() }()
			h.off(off...)
			fn(h)
		})
	})
}

// underContract is inHouse, with every exchange held against the OpenAPI document.
func underContract(t *testing.T, fn func(h *house), off ...resilience.Name) {
	t.Helper()
	inHouse(t, func(h *house) {
		h.contract = servicetest.NewContract(t, payments.OpenAPI)
		fn(h)
	}, off...)
}

// onLoop runs fn as a task on a loop of its own.
func onLoop(t testing.TB, fn func(task *loop.Task)) {
	t.Helper()
	l := loop.New(loop.Config{Name: "test", Grace: -1})
	err := l.Run(func() {
		l.Spawn(context.Background(), "test", func(task *loop.Task) {
			defer l.Close()
			fn(task)
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// newRuntime makes one in which what is done away from the loop takes no virtual time.
func newRuntime(l *loop.Loop) *service.Runtime {
	return &service.Runtime{
		Name: "payments", Loop: l, Random: rand.New(rand.NewPCG(1, 2)), Log: slog.New(slog.DiscardHandler),
		Protections: resilience.NewRegistry(nil),
	}
}

func newHouse(t testing.TB, task *loop.Task, rt *service.Runtime) *house {
	h := &house{
		t: t, task: task, rt: rt, retry: 1,
		a: newLine(rt, "bank-a", true), b: newLine(rt, "bank-b", false),
	}
	h.memory = service.NewMemory(rt)
	h.store = memstore.New(h.memory)
	h.open(h.a, h.b)
	return h
}

// open begins a life of the service, with these banks.
func (h *house) open(banks ...*line) {
	h.banks = banks
	c := payments.Config{Store: h.store, Tenants: h.tenants}
	for _, b := range banks {
		config := service.ClientConfig{
			Downstream: b.name, Transport: b, Breaker: resilience.BreakerConfig{Failures: 1000}, Retry: resilience.RetryConfig{Attempts: h.retry},
		}
		if b.keys {
			c.Banks = append(c.Banks, bank.NewKeyed(h.rt, config))
		} else {
			c.Banks = append(c.Banks, bank.NewAsking(h.rt, config))
		}
	}
	life, end := context.WithCancel(context.WithValue(context.Background(), lifeKey{}, new(int)))
	d := service.NewDispatcher(h.rt, payments.New(h.rt, c), service.DispatcherConfig{Base: life})
	d.StartBackground(life)
	h.desk, h.life, h.end = d, life, end
}

// crash ends a life of the service in the middle of whatever it does, and begins another.
func (h *house) crash() {
	mine := h.life.Value(lifeKey{})
	h.task.Loop().Abandon(func(ctx context.Context) bool { return ctx.Value(lifeKey{}) == mine })
	h.memory = service.NewMemory(h.rt)
	h.store = h.store.For(h.memory)
	h.open(h.banks...)
}

func (h *house) off(names ...resilience.Name) { h.set(names, false) }

func (h *house) on(names ...resilience.Name) { h.set(names, true) }

func (h *house) set(names []resilience.Name, on bool) {
	h.t.Helper()
	for _, n := range names {
		if err := h.rt.Protections.Set(map[resilience.Name]bool{n: on}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// sleep lets virtual time pass.
func (h *house) sleep(d time.Duration) {
	h.t.Helper()
	if err := h.task.Sleep(d); err != nil {
		h.t.Fatal(err)
	}
}
