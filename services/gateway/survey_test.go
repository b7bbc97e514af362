package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

func TestStockAndQuote(t *testing.T) {
	inTown(t, func(w *town) {
		want(t, "stock", w.get("ann", "/v1/stock?products=p0004,p0000").Body,
			`{"stock":[{"product":"p0004","available":1},{"product":"p0000","available":1000000}]}`)
		price := func(id string) shop.Amount {
			return decode[shop.Product](t, w.get("ann", "/v1/products/"+id).Body).Price
		}
		want(t, "quote", w.get("ann", "/v1/quote?products=p0001%2Cp0002,p0001").Body,
			fmt.Sprintf(`{"products":3,"total":%d,"currency":"EUR"}`, 2*price("p0001")+price("p0002")))

		bought := w.order(w.send("ann", "k", "/v1/checkout", basket(card, "p0000"))).Lines[0].Quantity
		want(t, "stock at once after", w.get("ann", "/v1/stock?products=p0000").Body,
			fmt.Sprintf(`{"stock":[{"product":"p0000","available":%d}]}`, 1000000-bought))
	})
}

func TestWrongSurveys(t *testing.T) {
	inTown(t, func(w *town) {
		for _, route := range []string{"/v1/stock", "/v1/quote"} {
			for query, problem := range map[string]string{
				"":                           "400 invalid-request query:products",
				"?products=":                 "400 invalid-request query:products",
				"?products=p0000,":           "400 invalid-request query:products",
				"?products=a%20b":            "400 invalid-request query:products",
				"?product=p0000":             "400 invalid-request query:product",
				"?products=p0&products=p1":   "400 invalid-request query:products",
				"?products=p0000,nope,p0001": "404 not-found query:products",
				"?products=" + many(201):     "400 invalid-request query:products",
			} {
				w.wantProblem(route+query, w.get("ann", route+query), problem)
			}
			w.wantStatus("as many as may be", w.get("ann", route+"?products="+many(200)), 200)
			w.wantProblem("nobody", w.Do("GET", route+"?products=p0000", ""), "401 unauthenticated")
		}
	})
}

// many is a list of n products that there are.
func many(n int) string { return strings.TrimSuffix(strings.Repeat("p0000,", n), ",") }

// A counter is an inventory that takes 50 ms for a product.
type counter struct {
	gateway.Inventory
	asked, running, most int
	fails                int // the call that fails; 0 for none
}

func (c *counter) Product(t *loop.Task, id string) (shop.Product, error) {
	c.asked++
	if c.asked == c.fails {
		return shop.Product{}, &shop.Error{Code: shop.CodeUnavailable, Message: "not now"}
	}
	c.running++
	c.most = max(c.most, c.running)
	defer func() { c.running-- }()
	return shop.Product{ID: id, Price: 1}, t.Sleep(50 * time.Millisecond)
}

// What is asked at once, and what in turn, both are a few at a time while the protection is on.
func TestSurveysFanOut(t *testing.T) {
	for _, c := range []struct {
		route string
		off   []resilience.Name
		most  int
		took  time.Duration
	}{
		{"/v1/stock", nil, 8, 400 * time.Millisecond},
		{"/v1/quote", nil, 8, 400 * time.Millisecond},
		{"/v1/stock", []resilience.Name{resilience.FanOutLimit}, 60, 50 * time.Millisecond},
		{"/v1/quote", []resilience.Name{resilience.FanOutLimit}, 1, 3 * time.Second},
	} {
		inTown(t, func(w *town) {
			stock := &counter{Inventory: w.config.Inventory}
			w.config.Inventory = stock
			w.crash() // to begin with it
			w.as("ann")
			began := time.Now()
			w.wantStatus(c.route, w.get("ann", c.route+"?products="+many(60)), 200)
			if took := time.Since(began); stock.most != c.most || took != c.took || stock.asked != 60 {
				t.Errorf("%s without %v: %d of %d at once, in %v", c.route, c.off, stock.most, stock.asked, took)
			}
			*stock = counter{Inventory: stock.Inventory, fails: 3}
			w.wantProblem("one fails", w.get("ann", c.route+"?products="+many(60)), "503 unavailable")
			if stock.asked > max(c.most, 3) || stock.running != 0 {
				t.Errorf("%s without %v: %d asked after one failed, %d still run", c.route, c.off, stock.asked, stock.running)
			}
		}, c.off...)
	}
}
