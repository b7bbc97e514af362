package gateway_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
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

var errBroken = errors.New("broken by the test")

func (w *town) storeFault(name string) (before, after error) {
	switch w.fault("store: " + name) {
	case "refused":
		return errBroken, nil
	case "lost":
		return nil, errBroken
	case "crash after":
		w.crash() // no task runs now; what is asked of the store is done all the same
	}
	return nil, nil
}

// A link is the way from the gateway to another service.
type link struct {
	to   service.Transport
	town *town
}

// RoundTrip implements service.Transport.
func (l *link) RoundTrip(t *loop.Task, c *service.Call, timeout time.Duration) (*service.Reply, error) {
	switch l.town.fault(c.Name) {
	case "refused":
		return nil, fmt.Errorf("%w: %w", service.ErrNotSent, errBroken)
	case "reset":
		return nil, errBroken
	case "lost":
		_, _ = l.to.RoundTrip(t, c, timeout)
		return nil, errBroken
	case "hang":
		return nil, t.Sleep(time.Hour)
	case "late":
		call := *c
		t.Loop().Spawn(context.Background(), "late", func(t *loop.Task) {
			_ = t.Sleep(4 * time.Second)
			_, _ = l.to.RoundTrip(t, &call, timeout)
		})
		return nil, t.Sleep(time.Hour)
	case "at the last":
		reply, err := l.to.RoundTrip(t, c, timeout)
		deadline, _ := t.Deadline()
		return reply, errors.Join(err, t.Sleep(time.Until(deadline)-time.Millisecond))
	case "unavailable":
		return problem(shop.CodeUnavailable), nil
	case "conflict":
		return problem(shop.CodeState), nil
	case "gone":
		return problem(shop.CodeNotFound), nil
	case "internal":
		return problem(shop.CodeInternal), nil
	case "nonsense":
		return &service.Reply{Status: 200, Body: []byte("<html>")}, nil
	case "crash before":
		t.Loop().SetImmediate("crash", l.town.crash)
		return nil, t.Sleep(time.Hour)
	case "crash after":
		_, _ = l.to.RoundTrip(t, c, timeout)
		t.Loop().SetImmediate("crash", l.town.crash)
		return nil, t.Sleep(time.Hour)
	}
	return l.to.RoundTrip(t, c, timeout)
}

func problem(code shop.Code) *service.Reply {
	r := service.Problem(&shop.Error{Code: code}, "")
	return &service.Reply{Status: r.Status, Body: r.Body}
}

// A vault is a bank that is always there and knows keys.
type vault struct {
	done map[string]shop.Charge
	lose map[payments.Operation]time.Time // replies, until then
}

func (v *vault) Name() string { return "vault" }

// Execute implements payments.Bank.
func (v *vault) Execute(t *loop.Task, i payments.Instruction) (shop.Charge, error) {
	if err := t.Sleep(5 * time.Millisecond); err != nil {
		return shop.Charge{}, err
	}
	if i.Request.Card == shop.DeclinedCard {
		return shop.Charge{}, &shop.Error{Code: shop.CodeDeclined, Message: "declined"}
	}
	if v.done == nil {
		v.done = map[string]shop.Charge{}
	}
	if _, again := v.done[i.Key]; !again {
		v.done[i.Key] = shop.Charge{
			ID: or(i.Charge, "ch_"+i.Key), Reference: i.Request.Reference, Status: i.Do.Charge(), Amount: i.Request.Amount, Currency: i.Request.Currency,
		}
	}
	if time.Now().Before(v.lose[i.Do]) {
		return shop.Charge{}, &service.CallError{Downstream: "vault", Call: string(i.Do), Sent: true, Err: errBroken}
	}
	return v.done[i.Key], nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// as returns the Authorization header of a user, who logs in if need be.
func (w *town) as(user string) []string {
	w.T.Helper()
	if w.tokens[user] == "" {
		w.tokens[user] = w.login(user).AccessToken
	}
	return []string{"Authorization", "Bearer " + w.tokens[user]}
}

func (w *town) login(user string) shop.Tokens {
	w.T.Helper()
	a := w.Do("POST", "/v1/login", fmt.Sprintf(`{"user":%q,"password":%q}`, user, password))
	w.wantStatus("login of "+user, a, 200)
	return decode[shop.Tokens](w.T, a.Body)
}

func decode[T any](t testing.TB, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v, json.RejectUnknownMembers(true)); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return v
}

// card is one that pays.
const card = "card-1"

func basket(card string, products ...string) string {
	var lines []string
	for _, p := range products {
		lines = append(lines, fmt.Sprintf(`{"product":%q,"quantity":2}`, p))
	}
	return fmt.Sprintf(`{"lines":[%s],"card":%q}`, strings.Join(lines, ","), card)
}

// checkout orders two pieces of p0000 for ann.
func (w *town) checkout(key string) servicetest.Answer {
	w.T.Helper()
	return w.send("ann", key, "/v1/checkout", basket(card, "p0000"))
}

func (w *town) send(user, key, target, body string) servicetest.Answer {
	w.T.Helper()
	return w.Do("POST", target, body, slices.Concat(w.as(user), []string{shop.HeaderIdempotencyKey, key})...)
}

func (w *town) get(user, target string) servicetest.Answer {
	w.T.Helper()
	return w.Do("GET", target, "", w.as(user)...)
}

// sent sends a request of ann's to a gateway that may crash before it answers, and says
// whether it did answer.
func (w *town) sent(key, target, body string) (answered bool) {
	w.T.Helper()
	headers := service.Fields{{Name: "Authorization", Value: w.as("ann")[1]}, {Name: shop.HeaderIdempotencyKey, Value: key}}
	r := &service.Request{Method: "POST", Path: target, Body: []byte(body), Headers: headers, Received: time.Now()}
	got := loop.NewPromise[service.Response](w.Task.Loop(), "answer")
	w.Dispatcher.Dispatch(r, func(r service.Response) { got.Resolve(r) })
	return w.Task.WithTimeout(20*time.Second, func() error { _, err := loop.Await(w.Task, got); return err }) == nil
}

func (w *town) sleep(d time.Duration) {
	w.T.Helper()
	if err := w.Task.Sleep(d); err != nil {
		w.T.Fatal(err)
	}
}

func (w *town) wantStatus(what string, a servicetest.Answer, status int) {
	w.T.Helper()
	if a.Status != status {
		w.T.Errorf("%s: %d %s, want %d", what, a.Status, a.Body, status)
	}
}

// wantProblem checks the status, the code and the place of an error: "409 wrong-state /x".
func (w *town) wantProblem(what string, a servicetest.Answer, want string) {
	w.T.Helper()
	p := decode[shop.Problem](w.T, a.Body)
	if got := strings.TrimSpace(fmt.Sprint(a.Status, " ", p.Code, " ", p.Pointer)); got != want {
		w.T.Errorf("%s: %s (%s), want %s", what, got, p.Detail, want)
	}
}

// order returns an order as its customer sees it.
func (w *town) order(a servicetest.Answer) shop.Order {
	w.T.Helper()
	return decode[shop.Order](w.T, a.Body)
}

// books are what the three services have of one order: "confirmed captured sold".
func (w *town) books(o shop.Order) string {
	w.T.Helper()
	money, stock := "none", "none"
	p, err := w.money.Payment(w.Task, o.ID)
	if err == nil {
		money = string(p.Status)
	} else if shop.CodeOf(err) != shop.CodeNotFound {
		w.T.Error(err)
	}
	if h, known := w.holds()[o.ID]; known {
		stock = string(h.Status)
	}
	return fmt.Sprint(o.Status, " ", money, " ", stock)
}

func (w *town) holds() map[string]shop.Hold {
	w.T.Helper()
	page, err := service.Fetch[shop.HoldPage](w.Task, w.auditor, &service.Call{Name: "holds", Method: "GET", Path: "/v1/holds?limit=1000"})
	if err != nil {
		w.T.Error(err)
	}
	all := map[string]shop.Hold{}
	for _, h := range page.Holds {
		all[h.ID] = h
	}
	return all
}

// audit checks that all orders have ended, and that the three services agree on each.
func (w *town) audit() {
	w.T.Helper()
	records, _, err := w.store.Orders(w.Task, gateway.Owner{Tenant: "north"}, 0, 1000)
	if err != nil {
		w.T.Error(err)
	}
	known := map[string]bool{}
	for _, r := range records {
		known[r.Order.ID] = true
		if got := w.books(r.Order); !agreed(got) {
			w.T.Errorf("order %s: %s", r.Order.ID, got)
		}
	}
	for id := range w.holds() {
		if !known[id] {
			w.T.Errorf("a hold %s of no order", id)
		}
	}
}

// agreed says whether the books agree, and nothing is under way.
func agreed(books string) bool {
	parts := strings.Fields(books)
	order, money, stock := parts[0], parts[1], parts[2]
	switch order {
	case "confirmed":
		return money == "captured" && stock == "sold"
	case "refunded":
		return money == "refunded" && stock == "returned"
	case "cancelled":
		return slices.Contains([]string{"none", "voided", "declined", "refunded"}, money) &&
			slices.Contains([]string{"none", "released", "expired", "returned"}, stock)
	}
	return false
}
