package loadgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The routes of shoppers, as samples name them.
const (
	RouteBrowse   = "browse"   // GET /v1/products?limit=20
	RouteProduct  = "product"  // GET /v1/products/{id}
	RouteLogin    = "login"    // POST /v1/login
	RouteCheckout = "checkout" // POST /v1/checkout
	RouteOrder    = "order"    // GET /v1/orders/{id}, or /v1/orders while none is known
	RouteRefund   = "refund"   // POST /v1/orders/{id}/refund
	RouteOrders   = "orders"   // GET /v1/orders?limit=20
	RouteStock    = "stock"    // GET /v1/stock of up to 200 products
	RouteQuote    = "quote"    // GET /v1/quote of up to 32 products
)

// Routes returns all routes there are. A mix that is written with some of them in this
// order draws the same requests of a seed, also when routes are added at the end.
func Routes() []string {
	return []string{
		RouteBrowse, RouteProduct, RouteLogin, RouteCheckout, RouteOrder, RouteRefund, RouteOrders, RouteStock, RouteQuote,
	}
}

// A Share is how often shoppers take a route: as its weight is to the sum of weights.
type Share struct {
	Route  string
	Weight int
}

// A Mix is what shoppers do. An empty one stands for DefaultMix.
type Mix []Share

// maxWeight bounds each weight.
const maxWeight = 1_000_000

// DefaultMix is what a shop sees on a normal day.
func DefaultMix() Mix {
	return Mix{{RouteBrowse, 60}, {RouteProduct, 20}, {RouteLogin, 1}, {RouteCheckout, 14}, {RouteOrder, 3}, {RouteRefund, 2}}
}

// ParseMix reads routes and weights, as in "browse=70,checkout=30". An empty text is the
// default mix.
func ParseMix(text string) (Mix, error) {
	if text == "" {
		return DefaultMix(), nil
	}
	var mix Mix
	for part := range strings.SplitSeq(text, ",") {
		share, err := parseShare(part)
		if err == nil && mix.lists(share.Route) {
			err = fmt.Errorf("%s comes twice", share.Route)
		}
		if err != nil {
			return nil, fmt.Errorf("mix %q: %w", text, err)
		}
		mix = append(mix, share)
	}
	if mix.sum() == 0 {
		return nil, fmt.Errorf("mix %q: no weight is above 0", text)
	}
	return mix, nil
}

func parseShare(text string) (Share, error) {
	route, value, found := strings.Cut(text, "=")
	if !found {
		return Share{}, fmt.Errorf("%q: want ROUTE=WEIGHT", text)
	}
	if !slices.Contains(Routes(), route) {
		return Share{}, fmt.Errorf("%q is no route: want one of %s", route, strings.Join(Routes(), ", "))
	}
	weight, err := strconv.Atoi(value)
	if err != nil || weight < 0 || weight > maxWeight {
		return Share{}, fmt.Errorf("%s: %q is no weight: want a whole number from 0 to %d", route, value, maxWeight)
	}
	return Share{route, weight}, nil
}

func (m Mix) lists(route string) bool {
	return slices.ContainsFunc(m, func(s Share) bool { return s.Route == route })
}

// has reports whether the route is ever taken.
func (m Mix) has(route string) bool {
	return slices.ContainsFunc(m, func(s Share) bool { return s.Route == route && s.Weight > 0 })
}

// Routes returns the routes that are taken.
func (m Mix) Routes() []string {
	var routes []string
	for _, s := range m {
		if s.Weight > 0 {
			routes = append(routes, s.Route)
		}
	}
	return routes
}

func (m Mix) sum() int {
	sum := 0
	for _, s := range m {
		sum += s.Weight
	}
	return sum
}

// pick returns the route that a number from 0 to sum-1 falls on.
func (m Mix) pick(n int) string {
	for _, s := range m {
		if n < s.Weight {
			return s.Route
		}
		n -= s.Weight
	}
	return ""
}

// needs reports whether any of the routes is taken.
func (m Mix) needs(routes ...string) bool {
	return slices.ContainsFunc(routes, m.has)
}
