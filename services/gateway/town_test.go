package gateway_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/memstore"
	"brownout/services/gateway/redisstore"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
	stockstore "brownout/services/inventory/memstore"
	"brownout/services/payments"
	moneystore "brownout/services/payments/memstore"
)

// A town is a gateway with the other two services on one loop, in virtual time. The
// gateway can be crashed, and its calls and its store fail as a test wants.
type town struct {
	*servicetest.Client
	config  gateway.Config
	store   gateway.Store
	memory  *service.Memory
	faults  map[string]*fault // by the name of a call, or "store: " and an operation
	calls   map[string]int
	journal []string // of all calls and operations
	vault   *vault
	stocks  *stockstore.Store
	// money and auditor are asked without faults.
	money   *upstream.Payments
	auditor *service.Client // of inventory
	// toStock and toMoney lead to the other services.
	toStock, toMoney service.Transport
	life             context.Context
	end              context.CancelFunc
	tokens           map[string]string
}

// A fault is how something fails.
type fault struct {
	mode  string
	after int       // calls that go well before
	left  int       // calls that fail, if until is zero
	until time.Time // it fails, if it is not zero
}

type lifeKey struct{}

// password is that of all users.
const password = "correct horse"

// users are ann and bob of north, who buy, eve of south, and the operators, ops of
// north and spy of south.
func users(t testing.TB) []gateway.User {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return []gateway.User{
		{ID: "ann", Tenant: "north", Role: shop.Customer, PasswordHash: hash},
		{ID: "bob", Tenant: "north", Role: shop.Customer, PasswordHash: hash},
		{ID: "eve", Tenant: "south", Role: shop.Customer, PasswordHash: hash},
		{ID: "spy", Tenant: "south", Role: shop.Operator, PasswordHash: hash},
		{ID: "ops", Tenant: "north", Role: shop.Operator, PasswordHash: hash},
	}
}

// signingKey is the same in every test.
func signingKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32))) }

// inTown runs fn in a new town, and holds every exchange with the gateway against its
// contract. Off are the protections of the gateway that are off.
func inTown(t *testing.T, fn func(*town), off ...resilience.Name) {
	t.Helper()
	enter(t, gateway.OpenAPI, fn, off)
}

// inRoughTown is as inTown without the contract, which takes longer than all the rest:
// for large tables.
func inRoughTown(t *testing.T, fn func(*town)) {
	t.Helper()
	enter(t, nil, fn, nil)
}

func enter(t *testing.T, contract []byte, fn func(*town), off []resilience.Name) {
	t.Helper()
	w := newTown()
	build := func(rt *service.Runtime) service.Service {
		w.build(t, rt)
		return service.Service{} // it is opened later, with a life that can end
	}
	servicetest.Run(t, servicetest.Config{Build: build, OpenAPI: contract}, func(c *servicetest.Client) {
		w.Client = c
		states := map[resilience.Name]bool{}
		for _, name := range off {
			states[name] = false
		}
		if err := c.Runtime.Protections.Set(states); err != nil {
			t.Fatal(err)
		}
		w.open()
		defer func() { w.end() }()
		fn(w)
	})
}

// onRedis runs fn in a town whose gateway keeps its data in Redis, in real time.
func onRedis(t *testing.T, fn func(*town)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			w := newTown()
			w.Client = &servicetest.Client{T: t, Task: task, Runtime: rt}
			w.build(t, rt)
			w.store = redisstore.New(service.NewRedis(rt, service.RedisConfig{Addr: s.Addr, Prefix: "gateway:"}))
			w.config.Store = w.store
			w.open()
			defer func() { w.end() }()
			fn(w)
		})
	})
}

func newTown() *town {
	return &town{faults: map[string]*fault{}, calls: map[string]int{}, tokens: map[string]string{}, vault: &vault{}}
}

func (w *town) build(t testing.TB, rt *service.Runtime) {
	products := inventory.Catalogue(5)
	products[4].Available = 1
	stock := w.found(rt, "inventory", func(rt *service.Runtime) service.Service {
		w.stocks = stockstore.New(service.NewMemory(rt))
		return inventory.New(rt, inventory.Config{Store: w.stocks, Products: products})
	})
	money := w.found(rt, "payments", func(rt *service.Runtime) service.Service {
		return payments.New(rt, payments.Config{Store: moneystore.New(service.NewMemory(rt)), Banks: []payments.Bank{w.vault}})
	})
	w.memory = service.NewMemory(rt)
	w.memory.Fault = w.storeFault
	w.store = memstore.New(w.memory)
	w.toStock, w.toMoney = stock, money
	w.config = gateway.Config{Store: w.store, Users: users(t), SigningKey: signingKey(), BcryptCost: bcrypt.MinCost}
	w.connect(rt, 1)
	honest := service.ClientConfig{Downstream: "honest", Transport: stock}
	w.auditor = service.NewClient(rt, honest)
	honest.Transport = money
	w.money = upstream.NewPayments(rt, honest)
}

// connect gives the gateway clients that make so many attempts.
func (w *town) connect(rt *service.Runtime, attempts int) {
	c := service.ClientConfig{Retry: resilience.RetryConfig{Attempts: attempts}, Breaker: resilience.BreakerConfig{Failures: 1 << 20}}
	c.Transport = &link{w.toStock, w}
	w.config.Inventory = upstream.NewInventory(rt, c)
	c.Transport = &link{w.toMoney, w}
	w.config.Payments = upstream.NewPayments(rt, c)
}

// found starts another service, and returns the way to it.
func (w *town) found(rt *service.Runtime, name string, build func(*service.Runtime) service.Service) service.Transport {
	other := service.Simulate(rt.Loop, service.SimulateConfig{Name: name, Seed: uint64(len(name))})
	d := service.NewDispatcher(other, build(other), service.DispatcherConfig{})
	d.StartBackground(context.Background())
	return service.Direct(d)
}

// open begins a life of the gateway.
func (w *town) open() {
	w.life, w.end = context.WithCancel(context.WithValue(context.Background(), lifeKey{}, new(int)))
	w.Dispatcher = service.NewDispatcher(w.Runtime, gateway.New(w.Runtime, w.config), service.DispatcherConfig{Base: w.life})
	w.Dispatcher.StartBackground(w.life)
}

// crash ends the life of the gateway in the middle of whatever it does, and begins
// another.
func (w *town) crash() {
	mine := w.life.Value(lifeKey{})
	w.Task.Loop().Abandon(func(ctx context.Context) bool { return ctx.Value(lifeKey{}) == mine })
	w.end()
	w.open()
}

// fault returns how this call is to fail, "" if it is not.
func (w *town) fault(name string) string {
	w.calls[name]++
	w.journal = append(w.journal, fmt.Sprint(time.Now().Format(time.RFC3339Nano), " ", name))
	f := w.faults[name]
	switch {
	case f == nil:
		return ""
	case f.after > 0:
		f.after--
		return ""
	case !f.until.IsZero():
		if time.Now().Before(f.until) {
			return f.mode
		}
		return ""
	case f.left == 0:
		return ""
	}
	f.left--
	return f.mode
}

func (w *town) sleep(d time.Duration) {
	w.T.Helper()
	if err := w.Task.Sleep(d); err != nil {
		w.T.Fatal(err)
	}
}
