package inventory

import (
	_ "embed"
	"net/http"
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// Defaults of Config.
const (
	DefaultWorkers = 8
	DefaultHoldTTL = 2 * time.Minute
)

// Config says how the service works.
type Config struct {
	// Store keeps the products and the holds.
	Store Store
	// Workers is how many writes and reads are worked on at a time; 0 means DefaultWorkers.
	Workers int
	// ServiceTime is how long each write takes its worker, before the store is told;
	// with 0, writes need no worker.
	ServiceTime time.Duration
	// ReadTime is how long a read of products takes its worker, before the store is asked;
	// with 0, reads need no worker.
	ReadTime time.Duration
	// HoldTTL is how long stock is set aside; 0 means DefaultHoldTTL.
	HoldTTL time.Duration
	// Products are put into the store when the service starts, as far as they are
	// not there yet.
	Products []shop.Product
}

// OpenAPI is the description of the routes. It is only read.
//
//go:embed openapi.yaml
var OpenAPI []byte

// An Inventory is the service, with what can be changed while it runs.
type Inventory struct {
	config       Config
	store        Store
	workers      *workers
	writeTime    atomic.Int64 // nanoseconds, as readTime
	readTime     atomic.Int64
	singleWriter *resilience.Switch
	sweeper      *resilience.Switch
	metrics      *metrics
	seeded       atomic.Bool
}

// New makes the service. On the loop only.
func New(rt *service.Runtime, c Config) service.Service {
	return NewInventory(rt, c).Service()
}

// NewInventory makes the service and keeps a hand on its capacity. On the loop only.
func NewInventory(rt *service.Runtime, c Config) *Inventory {
	if c.Workers <= 0 {
		c.Workers = DefaultWorkers
	}
	if c.HoldTTL <= 0 {
		c.HoldTTL = DefaultHoldTTL
	}
	s := &Inventory{
		config:       c,
		store:        c.Store,
		workers:      newWorkers(rt),
		singleWriter: rt.Protections.Switch(resilience.SingleWriter),
		sweeper:      rt.Protections.Switch(resilience.Sweeper),
		metrics:      newMetrics(rt.Metrics),
	}
	s.SetWorkers(c.Workers)
	s.SetServiceTime(c.ServiceTime)
	s.SetReadTime(c.ReadTime)
	return s
}

// Workers returns how many writes and reads are worked on at a time. Any goroutine may call it.
func (s *Inventory) Workers() int { return int(s.workers.limit.Load()) }

// SetWorkers changes how many writes and reads are worked on at a time, at least 1. Those
// that run are not interrupted. Any goroutine may call it.
func (s *Inventory) SetWorkers(n int) { s.workers.limit.Store(int64(max(n, 1))) }

// SetServiceTime changes how long a write takes from now on. Any goroutine may call it.
func (s *Inventory) SetServiceTime(d time.Duration) { s.writeTime.Store(int64(d)) }

// SetReadTime changes how long a read of products takes from now on. Any goroutine may call it.
func (s *Inventory) SetReadTime(d time.Duration) { s.readTime.Store(int64(d)) }

// Service returns what a host runs.
func (s *Inventory) Service() service.Service {
	return service.Service{
		Routes: []service.Route{
			{Name: "products", Method: http.MethodGet, Pattern: "/v1/products", Handle: s.products},
			{Name: "product", Method: http.MethodGet, Pattern: "/v1/products/{id}", Handle: s.product},
			{Name: "restock", Method: http.MethodPost, Pattern: "/v1/products/{id}/restock", Handle: s.restock, MaxBody: maxRestockBody},
			{Name: "stock", Method: http.MethodGet, Pattern: "/v1/stock", Handle: s.stock},
			{
				Name: "hold", Method: http.MethodPost, Pattern: "/v1/holds", Handle: s.hold, MaxBody: maxHoldBody,
				Importance: resilience.Critical,
			},
			{Name: "find-hold", Method: http.MethodGet, Pattern: "/v1/holds/{id}", Handle: s.findHold},
			{Name: "holds", Method: http.MethodGet, Pattern: "/v1/holds", Handle: s.holds},
			s.action(Commit),
			s.action(Release),
			s.action(Return),
			{Name: "openapi", Method: http.MethodGet, Pattern: "/v1/openapi.yaml", Handle: openAPI},
		},
		Background: []service.Background{
			{Name: "seed", Run: s.seed},
			{Name: "sweeper", Every: sweepEvery, Run: s.sweep},
			{Name: "census", Every: censusEvery, Run: s.count},
		},
		Unready: s.unready,
	}
}

// action returns the route of an action to a hold. A saga that has begun goes first.
func (s *Inventory) action(a Action) service.Route {
	return service.Route{
		Name: string(a), Method: http.MethodPost, Pattern: "/v1/holds/{id}/" + string(a), Importance: resilience.Critical, Finishes: true,
		Handle: func(t *loop.Task, r *service.Request) (service.Response, error) { return s.act(t, r, a) },
	}
}

func openAPI(_ *loop.Task, r *service.Request) (service.Response, error) {
	return service.Response{ContentType: "application/yaml", Body: OpenAPI}, r.CheckQuery()
}

// write does a change, after a worker has taken the time for it.
func (s *Inventory) write(t *loop.Task, i resilience.Importance, change func() error) error {
	if err := s.workWrite(t, i); err != nil {
		return err
	}
	return change()
}

// workWrite takes a worker's time for a write.
func (s *Inventory) workWrite(t *loop.Task, i resilience.Importance) error {
	return s.workers.work(t, i, time.Duration(s.writeTime.Load()))
}

// workRead takes a worker's time for a read of products.
func (s *Inventory) workRead(t *loop.Task) error {
	return s.workers.work(t, resilience.Normal, time.Duration(s.readTime.Load()))
}

// Occupy takes a worker for so long, in its turn, for batch work that comes from nobody's
// request. On the loop only.
func (s *Inventory) Occupy(t *loop.Task, takes time.Duration) error {
	return s.workers.work(t, resilience.Batch, takes)
}
