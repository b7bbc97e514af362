package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/inventory"
)

// warm takes the first page into the cache, after inventory has put its products there.
func (w *town) warm() servicetest.Answer {
	w.sleep(time.Second)
	a := w.Do("GET", "/v1/products?limit=2", "")
	w.wantStatus("products", a, 200)
	return a
}

func TestCatalogueShowsProducts(t *testing.T) {
	inTown(t, func(w *town) {
		first := decode[shop.ProductPage](t, w.warm().Body)
		rest := decode[shop.ProductPage](t, w.Do("GET", "/v1/products?limit=100&cursor="+first.Next, "").Body)
		want(t, "products", len(first.Products)+len(rest.Products), 5)
		want(t, "the last page's next", rest.Next, "")
		p := first.Products[1]
		want(t, "one", decode[shop.Product](t, w.Do("GET", "/v1/products/"+p.ID, "").Body), p)
		w.wantProblem("none", w.Do("GET", "/v1/products/nope", ""), "404 not-found path:id")
		w.wantProblem("no name", w.Do("GET", "/v1/products/a%20b", ""), "400 invalid-request path:id")
		w.wantProblem("a query", w.Do("GET", "/v1/products?limit=101", ""), "400 invalid-request query:limit")
		w.wantProblem("a query", w.Do("GET", "/v1/products?limit=1&limit=2", ""), "400 invalid-request query:limit")
		w.wantProblem("a cursor", w.Do("GET", "/v1/products?cursor=%00", ""), "400 invalid-request query:cursor")
	})
}

func TestCatalogueAsksOnceForWhatManyWant(t *testing.T) {
	for _, tt := range []struct {
		off  []resilience.Name
		want int
	}{{nil, 1}, {[]resilience.Name{resilience.Coalesce}, 20}} {
		t.Run(fmt.Sprint(tt.off), func(t *testing.T) {
			inTown(t, func(w *town) {
				w.sleep(time.Second)
				var waits []func()
				for range 20 {
					waits = append(waits, w.Go("browser", func(c *servicetest.Client) {
						if a := c.Do("GET", "/v1/products", ""); a.Status != 200 {
							t.Errorf("%d %s", a.Status, a.Body)
						}
					}))
				}
				for _, wait := range waits {
					wait()
				}
				want(t, "calls", w.calls["products"], tt.want)
			}, tt.off...)
		})
	}
}

// What was asked for somebody who has left is there for the next.
func TestCatalogueKeepsWhatNobodyWaitedFor(t *testing.T) {
	for _, tt := range []struct {
		off  []resilience.Name
		want int
	}{
		{nil, 1},
		{[]resilience.Name{resilience.Coalesce}, 1},
		{[]resilience.Name{resilience.MissLimit}, 1},
		{[]resilience.Name{resilience.Coalesce, resilience.MissLimit}, 2},
	} {
		t.Run(fmt.Sprint(tt.off), func(t *testing.T) {
			inTown(t, func(w *town) {
				w.sleep(time.Second)
				w.wantStatus("in no time", w.Do("GET", "/v1/products", "", shop.HeaderDeadline, "1"), 504)
				w.sleep(time.Second)
				w.wantStatus("later", w.Do("GET", "/v1/products", ""), 200)
				want(t, "calls", w.calls["products"], tt.want)
			}, tt.off...)
		})
	}
}

func TestCatalogueKeepsAnswersForAWhile(t *testing.T) {
	inTown(t, func(w *town) {
		w.warm()
		w.Do("GET", "/v1/products/nope", "")
		asked := func(what string, target, call string, want int) {
			t.Helper()
			before := w.calls[call]
			w.Do("GET", target, "")
			if got := w.calls[call] - before; got != want {
				t.Errorf("%s: %d calls, want %d", what, got, want)
			}
		}
		asked("at once", "/v1/products?limit=2", "products", 0)
		asked("a miss at once", "/v1/products/nope", "product", 0)
		w.sleep(1500 * time.Millisecond)
		asked("within the ttl", "/v1/products?limit=2", "products", 0)
		w.sleep(time.Second)
		asked("after the ttl", "/v1/products?limit=2", "products", 1)
		asked("a miss after the ttl", "/v1/products/nope", "product", 1)
	})
}

func TestCatalogueKeepsAnswersForAsLongAsItIsTold(t *testing.T) {
	inTown(t, func(w *town) {
		w.config.Catalogue = gateway.NewCatalogue(w.Runtime, w.config.Inventory, 10*time.Second)
		w.crash()
		w.warm()
		w.Do("GET", "/v1/products/nope", "")
		for _, tt := range []struct {
			wait time.Duration
			want int // calls
		}{{7 * time.Second, 0}, {6 * time.Second, 1}} { // 10 s, give or take 20 %
			w.sleep(tt.wait)
			for target, call := range map[string]string{"/v1/products?limit=2": "products", "/v1/products/nope": "product"} {
				before := w.calls[call]
				w.Do("GET", target, "")
				want(t, fmt.Sprint(target, ": calls after ", tt.wait), w.calls[call]-before, tt.want)
			}
		}
	})
}

func TestCatalogueShowsOldAnswersWhileInventoryIsOut(t *testing.T) {
	for _, tt := range []struct {
		off     []resilience.Name
		wait    time.Duration
		mode    string
		status  int
		missing int
	}{
		{nil, 9 * time.Minute, "refused", 200, 503},
		{nil, 9 * time.Minute, "unavailable", 200, 503},
		{nil, 9 * time.Minute, "nonsense", 200, 502},
		{nil, 11 * time.Minute, "refused", 503, 503},
		{[]resilience.Name{resilience.Stale}, time.Minute, "refused", 503, 503},
	} {
		t.Run(fmt.Sprint(tt.off, tt.wait, tt.mode), func(t *testing.T) {
			inTown(t, func(w *town) {
				first := w.warm()
				w.Do("GET", "/v1/products/nope", "")
				w.faults["products"] = &fault{mode: tt.mode, until: time.Now().Add(time.Hour)}
				w.faults["product"] = w.faults["products"]
				w.sleep(tt.wait)
				a := w.Do("GET", "/v1/products?limit=2", "")
				w.wantStatus("a page", a, tt.status)
				if a.Status == 200 {
					want(t, "the page", a.Body, first.Body)
				}
				w.wantStatus("what was not there", w.Do("GET", "/v1/products/nope", ""), tt.missing)
			}, tt.off...)
		})
	}
}

func TestCatalogueForgetsOnDemand(t *testing.T) {
	inTown(t, func(w *town) {
		w.config.Catalogue = gateway.NewCatalogue(w.Runtime, w.config.Inventory, 0)
		w.crash()
		w.warm()
		want(t, "expired", w.config.Catalogue.Expire(), 1)
		want(t, "expired again", w.config.Catalogue.Expire(), 0)
		w.faults["products"] = &fault{mode: "refused", left: 1}
		w.wantStatus("an old answer", w.Do("GET", "/v1/products?limit=2", ""), 200)
		want(t, "flushed", w.config.Catalogue.Flush(), 1)
		w.faults["products"].left = 1
		w.wantStatus("no answer", w.Do("GET", "/v1/products?limit=2", ""), 503)
	})
}

func TestCatalogueKnowsAPageHoweverItIsWritten(t *testing.T) {
	inRoughTown(t, func(w *town) {
		first := decode[shop.ProductPage](t, w.warm().Body)
		rest := "cursor=" + first.Next
		for _, tt := range []struct {
			query  string
			calls  int
			status int
		}{
			{"limit=2", 0, 200},
			{"limit=%32", 0, 200},
			{"limit=02", 0, 200},
			{"limit=%2B2", 0, 200},
			{"limit=2&cursor=", 0, 200},
			{"&limit=2&", 0, 200},
			{"l%69mit=2", 0, 200},
			{"", 1, 200},
			{"limit=100", 0, 200},
			{"limit=", 0, 200},
			{rest + "&limit=2", 1, 200},
			{"limit=2&" + rest, 0, 200},
			{rest, 1, 200},
			{"limit=3", 1, 200},
			{"limit=0", 0, 400},
			{"limit=-2", 0, 400},
			{"limit=101", 0, 400},
			{"limit=2x", 0, 400},
			{"limit=2&limit=2", 0, 400},
			{rest + "&" + rest, 0, 400},
			{"limit=2;", 0, 400},
			{"limit=2&x=1", 0, 400},
			{"limit=%", 0, 400},
		} {
			before := w.calls["products"]
			w.wantStatus(tt.query, w.Do("GET", "/v1/products?"+tt.query, ""), tt.status)
			want(t, tt.query+": calls", w.calls["products"]-before, tt.calls)
		}
	})
}

// wantKept checks that an answer is still there when inventory cannot be asked any more.
func (w *town) wantKept(target, call string) {
	w.T.Helper()
	w.faults[call] = &fault{mode: "refused", left: 1}
	w.wantStatus("the old answer of "+target, w.Do("GET", target, ""), 200)
	want(w.T, target+" was asked for again", w.faults[call].left, 0)
}

func TestCatalogueKeepsWhatIsThereWhileOthersCrowd(t *testing.T) {
	const n = 2100
	for what, tt := range map[string]struct {
		target func(i int) string
		status int
	}{
		"odd ids":      {func(i int) string { return fmt.Sprint("/v1/products/x", i) }, 404},
		"odd cursors":  {func(i int) string { return fmt.Sprint("/v1/products?limit=1&cursor=x", i) }, 400},
		"good cursors": {func(i int) string { return fmt.Sprintf("/v1/products?limit=%d&cursor=p%04d", 1+i%100, i/100%20) }, 200},
	} {
		t.Run(what, func(t *testing.T) {
			inRoughTown(t, func(w *town) {
				w.sleep(time.Second)
				if err := w.stocks.Seed(w.Task, inventory.Catalogue(30)); err != nil {
					t.Fatal(err)
				}
				w.wantStatus("a product", w.Do("GET", "/v1/products/p0001", ""), 200)
				first := w.warm()
				next := decode[shop.ProductPage](t, first.Body).Next
				w.wantStatus("the next page", w.Do("GET", "/v1/products?limit=2&cursor="+next, ""), 200)
				for i := range n {
					w.wantStatus(tt.target(i), w.Do("GET", tt.target(i), ""), tt.status)
				}
				w.sleep(3 * time.Second)
				w.wantKept("/v1/products/p0001", "product")
				w.wantKept("/v1/products?limit=2", "products")
				if what != "good cursors" {
					w.wantKept("/v1/products?limit=2&cursor="+next, "products")
				}
			})
		})
	}
}

func TestCatalogueRefusesCursorsThatWereNotGivenOut(t *testing.T) {
	inTown(t, func(w *town) {
		next := decode[shop.ProductPage](t, w.warm().Body).Next
		for _, tt := range []struct {
			cursor   string
			status   int
			products int // calls
			product  int
		}{
			{next, 200, 1, 1},
			{next, 200, 0, 0},
			{"nope", 400, 0, 1},
			{"nope", 400, 0, 0},
			{strings.Repeat("p", 65), 400, 0, 0},
			{"a%20b", 400, 0, 0},
		} {
			pages, products := w.calls["products"], w.calls["product"]
			a := w.Do("GET", "/v1/products?limit=2&cursor="+tt.cursor, "")
			w.wantStatus(tt.cursor, a, tt.status)
			if tt.status == 400 {
				w.wantProblem(tt.cursor, a, "400 invalid-request query:cursor")
			}
			want(t, tt.cursor+": calls", []int{w.calls["products"] - pages, w.calls["product"] - products}, []int{tt.products, tt.product})
		}
		w.sleep(3 * time.Second)
		before := w.calls["product"]
		w.wantStatus("the page once more", w.Do("GET", "/v1/products?limit=2&cursor="+next, ""), 200)
		want(t, "its cursor was looked up again", w.calls["product"]-before, 0)
	})
}

func TestCatalogueTellsWhatHasCome(t *testing.T) {
	inTown(t, func(w *town) {
		w.warm()
		w.wantStatus("not yet", w.Do("GET", "/v1/products/p0005", ""), 404)
		if err := w.stocks.Seed(w.Task, inventory.Catalogue(6)); err != nil {
			t.Fatal(err)
		}
		w.sleep(3 * time.Second)
		w.wantStatus("there", w.Do("GET", "/v1/products/p0005", ""), 200)
		w.sleep(3 * time.Second)
		w.wantKept("/v1/products/p0005", "product")
	})
}

func TestCatalogueForgetsWhatHasGone(t *testing.T) {
	inTown(t, func(w *town) {
		w.sleep(time.Second)
		get := func(what string, status int) {
			t.Helper()
			w.wantStatus(what, w.Do("GET", "/v1/products/p0001", ""), status)
		}
		get("there", 200)
		w.sleep(3 * time.Second)
		w.faults["product"] = &fault{mode: "gone", left: 1}
		get("gone", 404)
		get("known to be gone", 404)
		w.sleep(3 * time.Second)
		w.faults["product"] = &fault{mode: "refused", left: 1}
		get("no old answer", 503)
	})
}
