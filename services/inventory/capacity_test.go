package inventory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/inventory"
	"brownout/services/inventory/memstore"
)

// serveControlled runs a service whose store takes next to no time, and hands out what
// changes its capacity.
func serveControlled(t *testing.T, config inventory.Config, fn func(c *servicetest.Client, s *inventory.Inventory)) {
	t.Helper()
	var s *inventory.Inventory
	build := func(rt *service.Runtime) service.Service {
		config.Store = memstore.New(service.NewMemory(rt))
		config.Products = inventory.Catalogue(3)
		s = inventory.NewInventory(rt, config)
		return s.Service()
	}
	instant := service.SimulateConfig{Delay: func(*rand.Rand) time.Duration { return time.Microsecond }}
	servicetest.Run(t, servicetest.Config{Build: build, Simulate: instant}, func(c *servicetest.Client) {
		sleep(c, 100*time.Millisecond)
		fn(c, s)
	})
}

// writes sends n holds at once, from the i-th on, and returns how long they took.
func writes(c *servicetest.Client, from, n int) time.Duration {
	began := time.Now()
	together(c, n, func(c *servicetest.Client, i int) {
		expect(c, "POST /v1/holds", holdBody(fmt.Sprintf("h%d", from+i), `{"product":"p0000","quantity":1}`), `201 "status":"held"`)
	})
	return time.Since(began).Round(10 * time.Millisecond)
}

// Who asks for products before they are there would take the shop for an empty one.
func TestItIsReadyOnceThereIsSomethingToSell(t *testing.T) {
	var s service.Service
	build := func(rt *service.Runtime) service.Service {
		s = inventory.New(rt, inventory.Config{Store: memstore.New(service.NewMemory(rt)), Products: inventory.Catalogue(3)})
		return s
	}
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		if s.Unready() == "" {
			t.Error("it is ready with an empty store")
		}
		sleep(c, 100*time.Millisecond)
		if why := s.Unready(); why != "" {
			t.Errorf("it is not ready: %s", why)
		}
	})
}

// n writes take n ÷ workers × service time.
func TestCapacityIsWorkersByServiceTime(t *testing.T) {
	for _, row := range []struct {
		workers, writes int
		each, want      time.Duration
	}{
		{1, 5, 100 * time.Millisecond, 500 * time.Millisecond},
		{8, 8, 100 * time.Millisecond, 100 * time.Millisecond},
		{8, 9, 100 * time.Millisecond, 200 * time.Millisecond},
		{8, 80, 100 * time.Millisecond, time.Second},
		{0, 80, 100 * time.Millisecond, time.Second},
		{4, 80, 50 * time.Millisecond, time.Second},
		{1, 80, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d of %d at %v", row.writes, row.workers, row.each), func(t *testing.T) {
			serveControlled(t, inventory.Config{Workers: row.workers, ServiceTime: row.each}, func(c *servicetest.Client, _ *inventory.Inventory) {
				if got := writes(c, 0, row.writes); got != row.want {
					t.Errorf("took %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestEveryWriteTakesAWorkerAndNoReadDoes(t *testing.T) {
	config := inventory.Config{Workers: 1, ServiceTime: 100 * time.Millisecond}
	serveControlled(t, config, func(c *servicetest.Client, _ *inventory.Inventory) {
		for _, row := range []struct {
			request, body, want string
			takes               time.Duration
		}{
			{"POST /v1/holds", holdBody("h", `{"product":"p0000","quantity":1}`), `201 "held"`, config.ServiceTime},
			{"POST /v1/holds/h/commit", "", `200 "sold"`, config.ServiceTime},
			{"POST /v1/holds/h/return", "", `200 "returned"`, config.ServiceTime},
			{"POST /v1/holds/i/release", "", `200 "released"`, config.ServiceTime},
			{"POST /v1/products/p0000/restock", `{"quantity":1}`, `200 "restocked":1`, config.ServiceTime},
			{"GET /v1/holds/h", "", `200 "returned"`, 0},
			{"GET /v1/holds", "", `200 "holds"`, 0},
			{"GET /v1/products", "", `200 "products"`, 0},
			{"GET /v1/products/p0000", "", `200 "p0000"`, 0},
			{"GET /v1/stock", "", `200 "stock"`, 0},
		} {
			began := time.Now()
			expect(c, row.request, row.body, row.want, shop.HeaderIdempotencyKey, "k")
			if got := time.Since(began).Round(10 * time.Millisecond); got != row.takes {
				t.Errorf("%s took %v, want %v", row.request, got, row.takes)
			}
		}
	})
}

func TestReadsOfProductsTakeAWorkerIfTheyAreToTakeTime(t *testing.T) {
	config := inventory.Config{Workers: 1, ReadTime: 100 * time.Millisecond}
	serveControlled(t, config, func(c *servicetest.Client, s *inventory.Inventory) {
		for _, row := range []struct {
			request, body, want string
			takes               time.Duration
		}{
			{"GET /v1/products", "", `200 "products"`, config.ReadTime},
			{"GET /v1/products/p0000", "", `200 "p0000"`, config.ReadTime},
			{"GET /v1/products/nope", "", "404 not-found path:id", config.ReadTime},
			{"GET /v1/products/a%20b", "", "400 invalid-request path:id", 0},
			{"GET /v1/products?limit=0", "", "400 invalid-request query:limit", 0},
			{"GET /v1/stock", "", `200 "stock"`, 0},
			{"GET /v1/holds", "", `200 "holds"`, 0},
			{"POST /v1/holds", holdBody("h", `{"product":"p0000","quantity":1}`), `201 "held"`, 0},
		} {
			if got := duration(func() { expect(c, row.request, row.body, row.want) }); got != row.takes {
				t.Errorf("%s took %v, want %v", row.request, got, row.takes)
			}
		}
		s.SetReadTime(time.Second)
		if got := duration(func() { expect(c, "GET /v1/products", "", `200 "products"`) }); got != time.Second {
			t.Errorf("a slow read took %v", got)
		}
	})
}

// One worker has a read, a restock and batch work wait when a hold comes.
func TestWhatIsImportantHasItsTurnFirst(t *testing.T) {
	for _, tt := range []struct {
		off  []resilience.Name
		want string
	}{
		{nil, "first hold read restock batch"},
		{[]resilience.Name{resilience.Priority}, "first batch read restock hold"},
	} {
		t.Run(fmt.Sprint(tt.off), func(t *testing.T) {
			config := inventory.Config{Workers: 1, ServiceTime: 100 * time.Millisecond, ReadTime: 100 * time.Millisecond}
			serveControlled(t, config, func(c *servicetest.Client, s *inventory.Inventory) {
				disable(c, tt.off)
				var order []string
				var waits []func()
				add := func(name string, fn func(c *servicetest.Client)) {
					waits = append(waits, c.Go(name, func(c *servicetest.Client) {
						fn(c)
						order = append(order, name)
					}))
					sleep(c, 5*time.Millisecond)
				}
				occupy := func(c *servicetest.Client) {
					if err := s.Occupy(c.Task, 100*time.Millisecond); err != nil {
						t.Error(err)
					}
				}
				add("first", occupy)
				add("batch", occupy)
				add("read", func(c *servicetest.Client) { expect(c, "GET /v1/products/p0000", "", "200 ") })
				add("restock", func(c *servicetest.Client) {
					expect(c, "POST /v1/products/p0000/restock", `{"quantity":1}`, "200 ", shop.HeaderIdempotencyKey, "k")
				})
				add("hold", func(c *servicetest.Client) { writes(c, 0, 1) })
				for _, wait := range waits {
					wait()
				}
				if got := strings.Join(order, " "); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

// disable switches protections off.
func disable(c *servicetest.Client, names []resilience.Name) {
	c.T.Helper()
	for _, name := range names {
		if err := c.Runtime.Protections.Set(map[resilience.Name]bool{name: false}); err != nil {
			c.T.Fatal(err)
		}
	}
}

// duration is how long fn takes, in hundredths of a second.
func duration(fn func()) time.Duration {
	began := time.Now()
	fn()
	return time.Since(began).Round(10 * time.Millisecond)
}

func TestReadsAndWritesShareTheirWorkers(t *testing.T) {
	config := inventory.Config{Workers: 2, ServiceTime: 100 * time.Millisecond, ReadTime: 200 * time.Millisecond}
	serveControlled(t, config, func(c *servicetest.Client, _ *inventory.Inventory) {
		took := duration(func() {
			reads := c.Go("reads", func(c *servicetest.Client) {
				together(c, 4, func(c *servicetest.Client, _ int) { expect(c, "GET /v1/products/p0000", "", `200 "p0000"`) })
			})
			sleep(c, 10*time.Millisecond) // two reads are at work until 200 ms, two wait until 400 ms
			writes(c, 0, 2)
			reads()
		})
		if took != 500*time.Millisecond {
			t.Errorf("4 reads and 2 writes took %v", took)
		}
	})
}

func TestCapacityChangesWhileWritesWait(t *testing.T) {
	serveControlled(t, inventory.Config{Workers: 4, ServiceTime: 100 * time.Millisecond}, func(c *servicetest.Client, s *inventory.Inventory) {
		change := c.Go("change", func(c *servicetest.Client) {
			sleep(c, 150*time.Millisecond) // 8 are done or under way
			s.SetWorkers(0)                // which is 1: from 0.2 to 0.5 s, 3 more
			sleep(c, 300*time.Millisecond)
			s.SetWorkers(2) // from 0.5 s on
		})
		if got := writes(c, 0, 15); got != 700*time.Millisecond {
			t.Errorf("15 writes took %v", got)
		}
		change()
		s.SetServiceTime(time.Second)
		if got := writes(c, 15, 2); got != time.Second {
			t.Errorf("2 slow writes took %v", got)
		}
	})
}

// Who gives up in the queue, or at work, leaves no hole and no worker taken.
func TestWritesThatAreGivenUpLetOthersPass(t *testing.T) {
	serveControlled(t, inventory.Config{Workers: 1, ServiceTime: 100 * time.Millisecond}, func(c *servicetest.Client, _ *inventory.Inventory) {
		began := time.Now()
		var waits []func()
		for _, row := range []struct {
			name, want, deadline string
			n                    int
		}{
			{"at-work", "504 deadline-exceeded", "50", 1}, // until 50 ms
			{"first", "201 ", "", 3},                      // until 350 ms
			{"in-queue", "504 deadline-exceeded", "50", 10},
			{"last", "201 ", "", 2}, // until 550 ms
		} {
			waits = append(waits, c.Go(row.name, func(c *servicetest.Client) {
				together(c, row.n, func(c *servicetest.Client, i int) {
					body := holdBody(fmt.Sprintf("%s-%d", row.name, i), `{"product":"p0000","quantity":1}`)
					expect(c, "POST /v1/holds", body, row.want, shop.HeaderDeadline, row.deadline)
				})
			}))
			sleep(c, 5*time.Millisecond) // so that they queue in this order
		}
		for _, wait := range waits {
			wait()
		}
		if got := time.Since(began).Round(10 * time.Millisecond); got != 550*time.Millisecond {
			t.Errorf("it took %v", got)
		}
		expect(c, "GET /v1/products/p0000", "", fmt.Sprintf(`200 "available":%d`, inventory.CatalogueStock-5))
	})
}

func TestSeedChecksProducts(t *testing.T) {
	good := inventory.Catalogue(1)[0]
	for _, row := range []struct {
		name   string
		change func(p *shop.Product)
		want   string
	}{
		{"good", func(*shop.Product) {}, ""},
		{"none left", func(p *shop.Product) { p.Available = 0 }, ""},
		{"id", func(p *shop.Product) { p.ID = "a b" }, "invalid-request /1/id"},
		{"price", func(p *shop.Product) { p.Price = 0 }, "invalid-request /1/price"},
		{"currency", func(p *shop.Product) { p.Currency = "" }, "invalid-request /1/currency"},
		{"available", func(p *shop.Product) { p.Available = -1 }, "invalid-request /1/available"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bad := good
			row.change(&bad)
			err := onLoop(t, func(task *loop.Task, rt *service.Runtime) error {
				return inventory.Seed(task, memstore.New(service.NewMemory(rt)), []shop.Product{good, bad})
			})
			if got := told("", err); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// A store that fails at the start is seeded when it is back.
func TestServiceSeedsItsStoreOnce(t *testing.T) {
	failures := 3
	fail := func(name string) (before, after error) {
		if name == "seed" && failures > 0 {
			failures--
			return errors.New("not yet"), nil
		}
		if name == "seed" {
			failures--
		}
		return nil, nil
	}
	serveFaulty(t, inventory.Config{}, fail, func(c *servicetest.Client) {
		expect(c, "GET /v1/products", "", `200 {"products":[]}`)
		sleep(c, time.Minute)
		expect(c, "GET /v1/products/a", "", `200 "available":10`)
		if failures != -1 {
			t.Errorf("it was seeded %d times", -failures)
		}
	})
}

func TestCatalogue(t *testing.T) {
	products := inventory.Catalogue(200)
	ids, names, prices := map[string]bool{}, map[string]bool{}, map[shop.Amount]bool{}
	for i, p := range products {
		ids[p.ID], names[p.Name], prices[p.Price] = true, true, true
		if p.Price < 199 || p.Price > 19999 || p.Available != inventory.CatalogueStock || p != inventory.Catalogue(i + 1)[i] {
			t.Errorf("product %d: %+v", i, p)
		}
	}
	if len(ids) != 200 || len(names) != 200 || len(prices) != 199 {
		t.Errorf("200 products have %d ids, %d names, %d prices", len(ids), len(names), len(prices))
	}
}
