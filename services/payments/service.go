package payments

import (
	_ "embed"
	"slices"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
)

// OpenAPI is the contract of the service, an OpenAPI 3.1 document. It is only read.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Config says how payments works.
type Config struct {
	// Store keeps everything.
	Store Store
	// Banks are told what to do: the first is preferred, the others stand in for
	// it. There must be at least one.
	Banks []Bank
	// Lease is for how long a payment on its way belongs to the task that sent
	// it; then the resolver takes it up. 0 means DefaultLease. It should be longer
	// than a bank takes.
	Lease time.Duration
	// KeyTTL is for how long idempotency keys are known; 0 means DefaultKeyTTL.
	KeyTTL time.Duration
	// Tenants lists who may be paid. When empty, anyone may, up to MaxTenants
	// in a life of the service.
	Tenants []string
}

// Defaults and limits of Config.
const (
	DefaultLease  = 5 * time.Second
	DefaultKeyTTL = 24 * time.Hour
	MaxTenants    = 1000
)

// resolveEvery is the pause between two runs of the resolver.
const resolveEvery = time.Second

// maxBody bounds the body of a payment request.
const maxBody = 4096

// New makes the service. On the loop only, before it runs. It panics without a store
// or a bank, and if two banks have the same name.
func New(rt *service.Runtime, c Config) service.Service {
	c = c.withDefaults()
	c.Store = newRecorder(c.Store, resilience.NewFailClosed(rt.Protections, "payments"))
	d := &desk{
		config:      c,
		runtime:     rt,
		idempotency: rt.Protections.Switch(resilience.Idempotency),
		sweeper:     rt.Protections.Switch(resilience.Sweeper),
		failover:    resilience.NewFailover(rt.Protections, "banks"),
		fan:         resilience.NewFanOut(rt.Protections, "resolver", resolveWidth),
		metrics:     newMetrics(rt.Metrics),
	}
	return service.Service{
		Routes: routes(&counter{desk: d, tenants: newTenants(c.Tenants)}, &reading{store: c.Store}),
		Background: []service.Background{
			{Name: "payments.resolve", Every: resolveEvery, Run: d.resolve},
			{Name: "payments.proof", Every: proofEvery, Run: newProof(rt.Metrics, c.Store).run},
		},
	}
}

func (c Config) withDefaults() Config {
	if c.Store == nil || len(c.Banks) == 0 {
		panic("payments: a store and a bank are needed")
	}
	for i, b := range c.Banks {
		if slices.ContainsFunc(c.Banks[:i], func(other Bank) bool { return other.Name() == b.Name() }) {
			panic("payments: two banks are named " + b.Name())
		}
	}
	if c.Lease <= 0 {
		c.Lease = DefaultLease
	}
	if c.KeyTTL <= 0 {
		c.KeyTTL = DefaultKeyTTL
	}
	return c
}

func routes(c *counter, r *reading) []service.Route {
	const critical = resilience.Critical
	return []service.Route{
		{Name: "payments.authorise", Method: "POST", Pattern: "/v1/payments", Handle: c.authorise, Importance: critical, MaxBody: maxBody},
		{Name: "payments.capture", Method: "POST", Pattern: "/v1/payments/{id}/capture", Handle: c.operate(Capture), Importance: critical, Finishes: true},
		{Name: "payments.void", Method: "POST", Pattern: "/v1/payments/{id}/void", Handle: c.operate(Void), Importance: critical, Finishes: true},
		{Name: "payments.refund", Method: "POST", Pattern: "/v1/payments/{id}/refund", Handle: c.operate(Refund), Importance: critical, Finishes: true},
		{Name: "payments.get", Method: "GET", Pattern: "/v1/payments/{id}", Handle: r.payment, Importance: critical, Finishes: true},
		{Name: "payments.ledger", Method: "GET", Pattern: "/v1/ledger", Handle: r.ledger},
		{Name: "payments.balances", Method: "GET", Pattern: "/v1/balances", Handle: r.balances},
		{Name: "payments.events", Method: "GET", Pattern: "/v1/events", Handle: r.events},
		{Name: "payments.openapi", Method: "GET", Pattern: "/v1/openapi.yaml", Handle: r.openAPI},
	}
}
