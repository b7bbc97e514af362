package inventory_test

import (
	"errors"
	"fmt"
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

// serve runs the service with ten pieces of a, five of b and none of c.
func serve(t *testing.T, config inventory.Config, fn func(c *servicetest.Client)) {
	t.Helper()
	serveFaulty(t, config, nil, fn)
}

// serveFaulty does the same on a memory with faults.
func serveFaulty(
	t *testing.T, config inventory.Config, fault func(name string) (before, after error), fn func(c *servicetest.Client),
) {
	t.Helper()
	build := func(rt *service.Runtime) service.Service {
		memory := service.NewMemory(rt)
		memory.Fault = fault
		config.Store = memstore.New(memory)
		config.Products = goods("a=10", "b=5", "c=0")
		return inventory.New(rt, config)
	}
	servicetest.Run(t, servicetest.Config{Build: build, OpenAPI: inventory.OpenAPI}, func(c *servicetest.Client) {
		sleep(c, 100*time.Millisecond) // the products are there now
		fn(c)
	})
}

// What ends a hold is shed last, and is served however long it had to wait.
func TestWhatEndsAHoldGoesFirst(t *testing.T) {
	servicetest.OnLoop(t, func(_ *loop.Task, rt *service.Runtime) {
		s := inventory.New(rt, inventory.Config{Store: memstore.New(service.NewMemory(rt))})
		for _, route := range s.Routes {
			ends := strings.HasPrefix(route.Pattern, "/v1/holds/{id}/")
			if route.Finishes != ends || ends && route.Importance != resilience.Critical {
				t.Errorf("%s finishes: %v, and is %v", route.Name, route.Finishes, route.Importance)
			}
		}
	})
}

func sleep(c *servicetest.Client, d time.Duration) {
	if err := c.Task.Sleep(d); err != nil {
		c.T.Errorf("sleep: %v", err)
	}
}

// expect sends a request and compares what is told of the answer: the status, then the
// code and the pointer of a problem, or those parts of the body that are wanted.
func expect(c *servicetest.Client, request, body, want string, headers ...string) servicetest.Answer {
	c.T.Helper()
	method, target, _ := strings.Cut(request, " ")
	a := c.Do(method, target, body, headers...)
	status, rest, _ := strings.Cut(want, " ")
	if fmt.Sprint(a.Status) != status || !tells(a, rest) {
		c.T.Errorf("%s %s: got %d %s, want %s", request, body, a.Status, a.Body, want)
	}
	return a
}

func tells(a servicetest.Answer, want string) bool {
	if a.Status < 400 {
		return strings.Contains(a.Body, want)
	}
	p, err := service.Decode[shop.Problem]([]byte(a.Body))
	return err == nil && strings.TrimSpace(string(p.Code)+" "+p.Pointer) == want
}

func holdBody(id, lines string) string {
	return fmt.Sprintf(`{"id":%q,"reference":"ann/k1","lines":[%s]}`, id, lines)
}

const twoOfA = `{"product":"a","quantity":2}`

func TestRequestsAreChecked(t *testing.T) {
	key := []string{shop.HeaderIdempotencyKey, "k"}
	many := strings.Repeat(twoOfA+",", shop.MaxLines) + twoOfA
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		for _, row := range []struct {
			request, body, want string
			headers             []string
		}{
			{"POST /v1/holds", "", "400 invalid-request /", nil},
			{"POST /v1/holds", "{", "400 invalid-request /", nil},
			{"POST /v1/holds", `{"id":"h","reference":"a/k","lines":[],"x":1}`, "400 invalid-request /x", nil},
			{"POST /v1/holds", `{"id":"h","reference":"a/k","lines":null}`, "400 invalid-request /lines", nil},
			{"POST /v1/holds", `{"id":"h","reference":"a/k"}`, "400 invalid-request /lines", nil},
			{"POST /v1/holds", holdBody("h", ""), "400 invalid-request /lines", nil},
			{"POST /v1/holds", holdBody("h", many), "400 invalid-request /lines", nil},
			{"POST /v1/holds", holdBody("", twoOfA), "400 invalid-request /id", nil},
			{"POST /v1/holds", holdBody("h h", twoOfA), "400 invalid-request /id", nil},
			{"POST /v1/holds", holdBody(strings.Repeat("h", 65), twoOfA), "400 invalid-request /id", nil},
			{"POST /v1/holds", `{"id":"h","reference":"ann","lines":[` + twoOfA + `]}`, "400 invalid-request /reference", nil},
			{"POST /v1/holds", `{"id":"h","reference":"/k","lines":[` + twoOfA + `]}`, "400 invalid-request /reference", nil},
			{"POST /v1/holds", `{"id":"h","reference":"a/k/k","lines":[` + twoOfA + `]}`, "400 invalid-request /reference", nil},
			{"POST /v1/holds", holdBody("h", `{"product":"a","quantity":0}`), "400 invalid-request /lines/0/quantity", nil},
			{"POST /v1/holds", holdBody("h", `{"product":"a","quantity":1001}`), "400 invalid-request /lines/0/quantity", nil},
			{"POST /v1/holds", holdBody("h", `{"product":"a","quantity":1.5}`), "400 invalid-request /lines/0/quantity", nil},
			{"POST /v1/holds", holdBody("h", `{"product":"a=1 b","quantity":1}`), "400 invalid-request /lines/0/product", nil},
			{"POST /v1/holds", holdBody("h", twoOfA+","+twoOfA), "400 invalid-request /lines/1/product", nil},
			{"POST /v1/holds?x=1", holdBody("h", twoOfA), "400 invalid-request query:x", nil},
			{"POST /v1/holds", holdBody("h", twoOfA+`,{"product":"x","quantity":1}`), "404 not-found /lines/1/product", nil},
			{"POST /v1/holds", holdBody("h", twoOfA+`,{"product":"b","quantity":6}`), "409 out-of-stock /lines/1", nil},
			{"POST /v1/holds/h/commit", "", "404 not-found path:id", nil},
			{"POST /v1/holds/h%20h/commit", "", "400 invalid-request path:id", nil},
			{"POST /v1/holds/h/commit", "{}", "413 body-too-large", nil},
			{"POST /v1/holds/h/return", "", "404 not-found path:id", nil},
			{"POST /v1/holds/h/expire", "", "404 not-found", nil},
			{"GET /v1/holds/h", "", "404 not-found path:id", nil},
			{"GET /v1/holds/h?x=1", "", "400 invalid-request query:x", nil},
			{"GET /v1/holds?cursor=x", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/holds?cursor=-1", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/holds?cursor=01", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/holds?cursor=99999999999999999999", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/holds?limit=1001", "", "400 invalid-request query:limit", nil},
			{"GET /v1/stock?cursor=%00", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/products?cursor=%20", "", "400 invalid-request query:cursor", nil},
			{"GET /v1/products?limit=101", "", "400 invalid-request query:limit", nil},
			{"GET /v1/products/x", "", "404 not-found path:id", nil},
			{"GET /v1/openapi.yaml?x=1", "", "400 invalid-request query:x", nil},
			{"POST /v1/products/a/restock", `{"quantity":1}`, "400 key-missing header:Idempotency-Key", nil},
			{"POST /v1/products/a/restock", `{"quantity":0}`, "400 invalid-request /quantity", key},
			{"POST /v1/products/a/restock", `{"quantity":1000001}`, "400 invalid-request /quantity", key},
			{"POST /v1/products/x/restock", `{"quantity":1}`, "404 not-found path:id", key},
		} {
			expect(c, row.request, row.body, row.want, row.headers...)
		}
		expect(c, "GET /v1/holds", "", `200 {"holds":[]}`)
		expect(c, "GET /v1/stock", "", `200 "available":10,"held":0,"sold":0`)
	})
}

func TestHoldIsCommittedAndReturned(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		made := expect(c, "POST /v1/holds", holdBody("h", twoOfA), `201 "status":"held"`)
		again := expect(c, "POST /v1/holds", holdBody("h", twoOfA), `200 "status":"held"`)
		if again.Body != made.Body {
			t.Errorf("the same request got %s and then %s", made.Body, again.Body)
		}
		expect(c, "GET /v1/holds/h", "", "200 "+made.Body)
		expect(c, "POST /v1/holds", holdBody("h", `{"product":"a","quantity":3}`), "422 key-mismatch /id")
		expect(c, "POST /v1/holds", strings.Replace(holdBody("h", twoOfA), "k1", "k2", 1), "422 key-mismatch /id")
		expect(c, "POST /v1/holds/h/return", "", "409 wrong-state")
		expect(c, "POST /v1/holds/h/commit", "", `200 "status":"sold"`)
		expect(c, "POST /v1/holds/h/commit", "", `200 "status":"sold"`)
		expect(c, "POST /v1/holds/h/release", "", "409 wrong-state")
		expect(c, "GET /v1/products/a", "", `200 "available":8`)
		expect(c, "GET /v1/stock?limit=1", "", `200 {"stock":[{"product":"a","initial":10,"restocked":0,"available":8,"held":0,"sold":2}],"next":"a"}`)
		expect(c, "POST /v1/holds/h/return", "", `200 "status":"returned"`)
		expect(c, "POST /v1/holds/h/return", "", `200 "status":"returned"`)
		expect(c, "POST /v1/holds/h/commit", "", "409 wrong-state")
		expect(c, "GET /v1/products/a", "", `200 "available":10`)
	})
}

// The release overtakes the request to hold.
func TestReleaseThatComesFirst(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		expect(c, "POST /v1/holds/h/release", "", `200 "status":"released"`)
		expect(c, "POST /v1/holds", holdBody("h", twoOfA), "409 cancelled")
		expect(c, "POST /v1/holds/h/commit", "", "409 cancelled")
		expect(c, "POST /v1/holds", holdBody("g", twoOfA), `201 "status":"held"`)
		expect(c, "POST /v1/holds/g/release", "", `200 "status":"released"`)
		expect(c, "POST /v1/holds", holdBody("g", twoOfA), "409 cancelled")
		expect(c, "GET /v1/products/a", "", `200 "available":10`)
		expect(c, "GET /v1/holds", "", `200 {"holds":[{"id":"h","reference":"","status":"released","lines":[],`)
	})
}

func TestHoldsExpireWhileTheSweeperIsOn(t *testing.T) {
	const allOfB = `{"product":"b","quantity":5}`
	for name, row := range map[string]struct {
		sweeper bool
		status  string
		other   string // what another hold of the same pieces gets
		commit  string // what a late commit gets after that
	}{
		"on":  {true, "expired", `201 "status":"held"`, "409 hold-expired"},
		"off": {false, "held", "409 out-of-stock /lines/0", `200 "status":"sold"`},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, inventory.Config{HoldTTL: time.Minute}, func(c *servicetest.Client) {
				if err := c.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: row.sweeper}); err != nil {
					t.Error(err)
				}
				expect(c, "POST /v1/holds", holdBody("h", allOfB), `201 "status":"held"`)
				sleep(c, 58*time.Second)
				expect(c, "GET /v1/holds/h", "", `200 "status":"held"`)
				sleep(c, 4*time.Second)
				expect(c, "GET /v1/holds/h", "", fmt.Sprintf(`200 "status":%q`, row.status))
				expect(c, "POST /v1/holds", holdBody("i", allOfB), row.other)
				expect(c, "POST /v1/holds/h/commit", "", row.commit)
			})
		})
	}
}

// More holds are due than one operation expires.
func TestSweeperGoesOnUntilNothingIsDue(t *testing.T) {
	serve(t, inventory.Config{HoldTTL: time.Minute, Workers: 1000}, func(c *servicetest.Client) {
		expect(c, "POST /v1/products/c/restock", `{"quantity":110}`, `200 "available":110`, shop.HeaderIdempotencyKey, "k")
		together(c, 110, func(c *servicetest.Client, i int) {
			expect(c, "POST /v1/holds", holdBody(fmt.Sprintf("h%d", i), `{"product":"c","quantity":1}`), `201 "status":"held"`)
		})
		expect(c, "GET /v1/products/c", "", `200 "available":0`)
		sleep(c, 62*time.Second)
		expect(c, "GET /v1/products/c", "", `200 "available":110`)
	})
}

// together runs n clients at the same time and waits for all.
func together(c *servicetest.Client, n int, fn func(c *servicetest.Client, i int)) {
	var waits []func()
	for i := range n {
		waits = append(waits, c.Go("client", func(c *servicetest.Client) { fn(c, i) }))
	}
	for _, wait := range waits {
		wait()
	}
}

func TestRestockAddsOnceForAKey(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		key := []string{shop.HeaderIdempotencyKey, "k"}
		first := expect(c, "POST /v1/products/a/restock", `{"quantity":7}`, `200 "restocked":7,"available":17`, key...)
		expect(c, "POST /v1/holds", holdBody("h", twoOfA), `201 "status":"held"`)
		again := expect(c, "POST /v1/products/a/restock", `{"quantity":7}`, "200 "+first.Body, key...)
		if first.Header[shop.HeaderReplayed] != "" || again.Header[shop.HeaderReplayed] != "true" {
			t.Errorf("replayed: %q and then %q", first.Header[shop.HeaderReplayed], again.Header[shop.HeaderReplayed])
		}
		expect(c, "POST /v1/products/a/restock", `{"quantity":8}`, "422 key-mismatch header:Idempotency-Key", key...)
		expect(c, "POST /v1/products/b/restock", `{"quantity":7}`, "422 key-mismatch header:Idempotency-Key", key...)
		sleep(c, inventory.KeyTTL)
		expect(c, "POST /v1/products/a/restock", `{"quantity":7}`, `200 "restocked":14,"available":24`, key...) // the hold has expired too
	})
}

func TestPagesLeaveNothingOut(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		for _, id := range []string{"h2", "h3", "h1"} {
			expect(c, "POST /v1/holds", holdBody(id, `{"product":"a","quantity":1}`), `201 "status":"held"`)
		}
		for _, row := range []struct{ path, first, second, third string }{
			{"/v1/products", `"id":"a"`, `"id":"b"`, `"id":"c"`},
			{"/v1/stock", `"product":"a"`, `"product":"b"`, `"product":"c"`},
			{"/v1/holds", `"id":"h2"`, `"id":"h3"`, `"id":"h1"`},
		} {
			cursor := ""
			for _, want := range []string{row.first, row.second, row.third} {
				a := expect(c, "GET "+row.path+"?limit=1"+cursor, "", "200 "+want)
				_, next, more := strings.Cut(a.Body, `"next":"`)
				if more != (want != row.third) {
					t.Errorf("%s: after %s: %s", row.path, want, a.Body)
				}
				cursor = "&cursor=" + strings.TrimSuffix(next, `"}`)
			}
			expect(c, "GET "+row.path+"?limit=3", "", "200 "+row.third+`,`)
			if a := c.Do("GET", row.path+"?limit=3", ""); strings.Contains(a.Body, "next") {
				t.Errorf("%s: a page follows the last one: %s", row.path, a.Body)
			}
		}
	})
}

func TestDocumentIsServed(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		a := expect(c, "GET /v1/openapi.yaml", "", "200 openapi: 3.1.0")
		if a.Header["Content-Type"] != "application/yaml" {
			t.Errorf("it is %s", a.Header["Content-Type"])
		}
	})
}

// A reply is lost after the work is done. Whoever asks again finds it done, once.
func TestRequestsMayBeSentAgainWhenTheReplyIsLost(t *testing.T) {
	lost := map[string]bool{"hold": true, "commit": true, "return": true, "restock": true}
	lose := func(name string) (before, after error) {
		if lost[name] {
			delete(lost, name)
			return nil, errors.New("the reply is lost")
		}
		return nil, nil
	}
	serveFaulty(t, inventory.Config{}, lose, func(c *servicetest.Client) {
		for _, row := range []struct{ request, body, want string }{
			{"POST /v1/holds", holdBody("h", twoOfA), `200 "status":"held"`},
			{"POST /v1/holds/h/commit", "", `200 "status":"sold"`},
			{"POST /v1/holds/h/return", "", `200 "status":"returned"`},
			{"POST /v1/products/a/restock", `{"quantity":7}`, `200 "restocked":7`},
		} {
			expect(c, row.request, row.body, "504 outcome-unknown", shop.HeaderIdempotencyKey, "k")
			expect(c, row.request, row.body, row.want, shop.HeaderIdempotencyKey, "k")
		}
		expect(c, "GET /v1/stock", "", `200 "initial":10,"restocked":7,"available":17,"held":0,"sold":0`)
	})
}

// Ten buyers want all of b at the same time. Guarded, one gets it. Unguarded, all of
// them read before the first writes, and what they sell is not there.
func TestSingleWriterKeepsTheBooksRight(t *testing.T) {
	for name, row := range map[string]struct {
		on    bool
		sold  int
		stock string
	}{
		"on":  {true, 1, `"available":0,"held":0,"sold":5`},
		"off": {false, 10, `"available":0,"held":-45,"sold":50`},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, inventory.Config{Workers: 10, ServiceTime: time.Second}, func(c *servicetest.Client) {
				if err := c.Runtime.Protections.Set(map[resilience.Name]bool{resilience.SingleWriter: row.on}); err != nil {
					t.Error(err)
				}
				sold := 0
				together(c, 10, func(c *servicetest.Client, i int) {
					id := fmt.Sprintf("h%d", i)
					if c.Do("POST", "/v1/holds", holdBody(id, `{"product":"b","quantity":5}`)).Status == 201 {
						expect(c, "POST /v1/holds/"+id+"/commit", "", `200 "status":"sold"`)
						sold++
					}
				})
				if sold != row.sold {
					t.Errorf("%d were sold, want %d", sold, row.sold)
				}
				expect(c, "GET /v1/stock", "", "200 "+row.stock)
			})
		})
	}
}

// What does not depend on single-writer is the same without it.
func TestHoldWithoutSingleWriter(t *testing.T) {
	serve(t, inventory.Config{}, func(c *servicetest.Client) {
		if err := c.Runtime.Protections.Set(map[resilience.Name]bool{resilience.SingleWriter: false}); err != nil {
			t.Error(err)
		}
		made := expect(c, "POST /v1/holds", holdBody("h", twoOfA), `201 "status":"held"`)
		expect(c, "POST /v1/holds", holdBody("h", twoOfA), "200 "+made.Body)
		expect(c, "POST /v1/holds", holdBody("h", `{"product":"a","quantity":3}`), "422 key-mismatch /id")
		expect(c, "POST /v1/holds", holdBody("i", twoOfA+`,{"product":"b","quantity":6}`), "409 out-of-stock /lines/1")
		expect(c, "POST /v1/holds", holdBody("i", twoOfA+`,{"product":"x","quantity":6}`), "404 not-found /lines/1/product")
		expect(c, "GET /v1/stock", "", `200 "available":8,"held":2,"sold":0`)
		expect(c, "POST /v1/holds/h/release", "", `200 "status":"released"`)
		expect(c, "POST /v1/holds", holdBody("h", twoOfA), "409 cancelled")
		expect(c, "GET /v1/stock", "", `200 "available":10,"held":0,"sold":0`)
	})
}
