package sim

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/chaos/acquirer"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
	orderstore "brownout/services/gateway/memstore"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
	stockstore "brownout/services/inventory/memstore"
	"brownout/services/payments"
	"brownout/services/payments/bank"
	moneystore "brownout/services/payments/memstore"
)

// A world is the shop of one run, its customers and its banks.
type world struct {
	config  Config
	loop    *loop.Loop
	began   time.Time
	rough   bool // the load lasts, and faults strike
	stats   Stats
	journal journal

	complaints []string

	nodes     []*node
	gateway   *node
	payments  *node
	inventory *node
	banks     []*node

	orders *orderstore.Store
	stock  *stockstore.Store
	money  *moneystore.Store

	products []shop.Product
	users    []gateway.User
	holdTTL  time.Duration
	lease    time.Duration // of orders
}

// tenant is whom all customers belong to.
const tenant = "north"

func newWorld(l *loop.Loop, c Config) *world {
	w := &world{config: c, loop: l, began: time.Now(), stats: Stats{}}
	r := w.chance("world")
	w.stockUp(r)
	w.users = users(c.Customers)
	w.openStores()
	w.buildBanks()
	w.inventory = w.add("inventory", func(rt *service.Runtime) service.Service {
		return inventory.New(rt, inventory.Config{Store: w.stock, Products: w.products, HoldTTL: w.holdTTL})
	})
	w.payments = w.add("payments", w.buildPayments)
	w.gateway = w.add("gateway", w.buildGateway)
	return w
}

// stockUp draws what the shop has, little of it, so that customers contend, and how long
// things last: in some runs so short that they end in the middle of something.
func (w *world) stockUp(r *rand.Rand) {
	w.products = inventory.Catalogue(3)
	for i := range w.products {
		w.products[i].Available = shop.Quantity(5 + r.IntN(16))
	}
	w.holdTTL = []time.Duration{3 * time.Second, inventory.DefaultHoldTTL}[r.IntN(2)]
	w.lease = []time.Duration{time.Second, gateway.DefaultLease}[r.IntN(2)]
}

// openStores makes the stores, which outlive the services.
func (w *world) openStores() {
	w.orders = orderstore.New(w.disk("gateway"))
	w.stock = stockstore.New(w.disk("inventory"))
	w.money = moneystore.New(w.disk("payments"))
}

// disk makes the memory of a store, with the faults of one.
func (w *world) disk(of string) *service.Memory {
	m := service.NewMemory(w.runtime("disk of " + of))
	r := w.chance("faults of the disk of " + of)
	m.Fault = func(operation string) (before, after error) {
		if !w.hits(r, w.config.Faults.StoreFailures) {
			return nil, nil
		}
		err := fmt.Errorf("the disk of %s is in trouble", of)
		if r.IntN(2) == 0 {
			w.note(StoreFailed, "%s: %s", of, operation)
			return err, nil
		}
		w.note(StoreReplyLost, "%s: %s", of, operation)
		return nil, err
	}
	return m
}

// buildBanks adds two banks, of which the second knows no idempotency keys.
func (w *world) buildBanks() {
	for i, name := range []string{"bank-a", "bank-b"} {
		statement := acquirer.NewMemory()
		statement.Delay = 2 * time.Millisecond
		w.banks = append(w.banks, w.add(name, func(rt *service.Runtime) service.Service {
			return acquirer.New(rt, acquirer.Config{Name: name, Keys: i == 0, Statement: statement})
		}))
	}
}

func (w *world) buildPayments(rt *service.Runtime) service.Service {
	banks := []payments.Bank{bank.NewKeyed(rt, w.to(rt, w.banks[0])), bank.NewAsking(rt, w.to(rt, w.banks[1]))}
	return payments.New(rt, payments.Config{Store: w.money, Banks: banks})
}

func (w *world) buildGateway(rt *service.Runtime) service.Service {
	return gateway.New(rt, gateway.Config{
		Store:      w.orders,
		Inventory:  upstream.NewInventory(rt, w.to(rt, w.inventory)),
		Payments:   upstream.NewPayments(rt, w.to(rt, w.payments)),
		Users:      w.users,
		Lease:      w.lease,
		SigningKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		BcryptCost: bcrypt.MinCost,
		Secret:     func(n int) []byte { return secret(rt.Random, n) },
	})
}

// to is how a service reaches another.
func (w *world) to(rt *service.Runtime, n *node) service.ClientConfig {
	return service.ClientConfig{Downstream: n.name, Transport: w.link(rt.Name, n)}
}

func secret(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// password is that of all customers, and passwordHash its hash, of the least cost.
const (
	password     = "correct horse"
	passwordHash = "$2a$04$ScG.EPdOaFviaQ.wIx/CneqP1gSCvLLjGndi32IU1kpg/MtrAGOMy"
)

func users(n int) []gateway.User {
	all := make([]gateway.User, n)
	for i := range all {
		all[i] = gateway.User{ID: fmt.Sprint("c-", i), Tenant: tenant, Role: shop.Customer, PasswordHash: []byte(passwordHash)}
	}
	return all
}

// note counts an event and tells the trace of it.
func (w *world) note(e Event, format string, values ...any) {
	w.stats[e]++
	w.tell(string(e), format, values...)
}

// tell writes a line of the trace.
func (w *world) tell(what, format string, values ...any) {
	if w.config.Trace == nil {
		return
	}
	fmt.Fprintf(w.config.Trace, "%10.4f  %-20s  %s\n", time.Since(w.began).Seconds(), what, fmt.Sprintf(format, values...))
}
