package loadgen

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	random "math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// A ShoppersConfig says who shops where, and how.
type ShoppersConfig struct {
	Shop *shopfile.Shop
	Doer Doer
	Mix  Mix // DefaultMix if empty
	Seed uint64
	// Customers bounds how many customers of the shop take part, each of whom logs in
	// first, which costs the shop a slow hash. 50 if 0.
	Customers int
	// Warm has each product looked at once before the load begins, so that the shop's cache
	// knows them all.
	Warm bool
	// Run begins every idempotency key, and must differ from run to run. A random one
	// if "".
	Run string
	// Card is what all pay with. "card-good" if "".
	Card string
	// Timeout bounds each request before and beside the load: logins, and the list of
	// products. 5 seconds if 0.
	Timeout time.Duration
}

const (
	defaultCustomers = 50
	maxRunName       = 40
)

// Shoppers are the scenario of a shop's customers, who look at products, order them, and
// regret it. Their requests depend on the seed; which order they look at or refund
// depends on which there are.
//
// A refund while no order is known that could be refunded is a checkout instead, so that
// there is one the next time.
type Shoppers struct {
	config    ShoppersConfig
	gateway   string // its URL
	customers []*customer
	known     bool // whether also those who only look are customers
	products  []string
	orders    orders
	source    *random.PCG
	random    *random.Rand
}

// NewShoppers returns the shoppers, who do nothing before Prepare.
func NewShoppers(c ShoppersConfig) (*Shoppers, error) {
	if len(c.Mix) == 0 {
		c.Mix = DefaultMix()
	}
	c.Run = cmp.Or(c.Run, randomRun())
	c.Card = cmp.Or(c.Card, "card-good")
	c.Customers = cmp.Or(c.Customers, defaultCustomers)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	if len(c.Run) > maxRunName || shop.CheckKey(c.Run) != nil {
		return nil, fmt.Errorf("run %q: want 1 to %d letters, digits, '_', '-', '.' and '@'", c.Run, maxRunName)
	}
	source := random.NewPCG(c.Seed, 0)
	s := &Shoppers{config: c, gateway: c.Shop.Gateway, source: source, random: random.New(source)}
	if s.needsCustomers() {
		return s, s.chooseCustomers()
	}
	return s, nil
}

func randomRun() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return "run-" + hex.EncodeToString(b[:])
}

func (s *Shoppers) needsCustomers() bool {
	return s.config.Mix.needs(RouteLogin, RouteCheckout, RouteOrder, RouteRefund, RouteOrders, RouteStock, RouteQuote)
}

func (s *Shoppers) chooseCustomers() error {
	users := s.config.Shop.Customers()
	if len(users) == 0 {
		return fmt.Errorf("the shop has no users with the role %q, and the mix needs them", shop.Customer)
	}
	for _, u := range users[:min(len(users), s.config.Customers)] {
		s.customers = append(s.customers, &customer{gateway: s.gateway, id: u.ID, tenant: u.Tenant, password: s.config.Shop.Password})
	}
	return nil
}

// Prepare logs the customers in and learns the products, as far as the mix needs either.
// It must have succeeded before Next is called.
func (s *Shoppers) Prepare(ctx context.Context) error {
	if err := s.learnProducts(ctx); err != nil {
		return err
	}
	if err := s.logIn(ctx); err != nil {
		return err
	}
	return s.warm(ctx)
}

// Next chooses by the seed and the place in the schedule alone, so that a request that
// was not sent changes nothing for the others.
func (s *Shoppers) Next(seq int64) Action {
	s.source.Seed(s.config.Seed, uint64(seq))
	switch route := s.config.Mix.pick(s.random.IntN(s.config.Mix.sum())); route {
	case RouteProduct:
		return s.lookAt(s.product())
	case RouteLogin:
		return &login{customer: s.customer()}
	case RouteOrder:
		return s.lookAtOrder()
	case RouteOrders:
		return s.listOrders(route)
	case RouteStock:
		return s.survey(route, stockProducts)
	case RouteQuote:
		return s.survey(route, quotedProducts)
	case RouteRefund:
		return s.regret(seq)
	case RouteCheckout:
		return s.buy(seq)
	}
	return &view{route: RouteBrowse, url: s.gateway + "/v1/products?limit=20", customer: s.visitor()}
}

func (s *Shoppers) product() string { return s.products[s.random.IntN(len(s.products))] }

func (s *Shoppers) customer() *customer { return s.customers[s.random.IntN(len(s.customers))] }

// visitor is who looks at products: nobody known, mostly.
func (s *Shoppers) visitor() *customer {
	if s.known {
		return s.customer()
	}
	return nil
}

func (s *Shoppers) key(seq int64) string {
	return s.config.Run + "-" + strconv.FormatInt(seq, 10)
}

const (
	maxBoughtLines    = 3
	maxBoughtQuantity = 2
)

// buy orders some products, each once.
func (s *Shoppers) buy(seq int64) Action {
	order := &checkout{shoppers: s, customer: s.customer(), key: s.key(seq)}
	wanted := min(1+s.random.IntN(maxBoughtLines), len(s.products))
	for len(order.lines) < wanted {
		if product := s.product(); !order.has(product) {
			quantity := shop.Quantity(1 + s.random.IntN(maxBoughtQuantity))
			order.lines = append(order.lines, shop.Line{Product: product, Quantity: quantity})
		}
	}
	return order
}

func (s *Shoppers) lookAt(product string) *view {
	return &view{route: RouteProduct, url: s.gateway + "/v1/products/" + product, customer: s.visitor()}
}

func (s *Shoppers) lookAtOrder() Action {
	if order, ok := s.orders.pick(s.random); ok {
		return &view{route: RouteOrder, url: s.gateway + "/v1/orders/" + order.id, customer: order.customer}
	}
	return s.listOrders(RouteOrder)
}

func (s *Shoppers) listOrders(route string) Action {
	return &view{route: route, url: s.gateway + "/v1/orders?limit=20", customer: s.customer()}
}

// How many products shoppers ask about at once, if the shop has as many.
const (
	stockProducts  = 200 // the most that the gateway takes
	quotedProducts = 32
)

// survey asks about products that follow each other in the list of all, the first after
// the last.
func (s *Shoppers) survey(route string, products int) Action {
	all, first := len(s.products), s.random.IntN(len(s.products))
	asked := make([]string, min(products, all))
	for i := range asked {
		asked[i] = s.products[(first+i)%all]
	}
	query := url.Values{"products": {strings.Join(asked, ",")}}
	return &view{route: route, url: s.gateway + "/v1/" + route + "?" + query.Encode(), customer: s.customer()}
}

func (s *Shoppers) regret(seq int64) Action {
	if order, ok := s.orders.take(s.random); ok {
		return &refund{order: order, key: s.key(seq)}
	}
	return s.buy(seq)
}
