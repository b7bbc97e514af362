package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/evidence"
	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A customer logs in, buys, asks again when the answer does not come, sometimes gives up,
// and sometimes does what one should not.
type customer struct {
	world  *world
	id     string
	random *rand.Rand
	link   *link
	token  string
	keys   int // idempotency keys used so far
	bought []purchase
}

// A purchase is a checkout that was acknowledged.
type purchase struct {
	request request
	order   shop.Order
}

// habits say what a customer does next, in percent. What is left is to buy.
const (
	habitRefund   = 15 // give something back
	habitRepeat   = 8  // ask again for what was acknowledged
	habitMix      = 6  // use the key of what was acknowledged for something else
	habitTwice    = 8  // buy with two requests at once
	habitDeclined = 8  // of purchases: pay with a card that is declined
	habitGiveUp   = 25 // of answers that are none: do not ask again
)

// maxAttempts bounds how often a customer asks for the same.
const maxAttempts = 6

func (w *world) newCustomer(id string) *customer {
	return &customer{world: w, id: id, random: w.chance("customer " + id), link: w.link(id, w.gateway)}
}

// live does so many things, as long as the load lasts.
func (c *customer) live(t *loop.Task, wishes int) {
	pause := 2 * c.world.config.Duration / time.Duration(wishes+1)
	for range wishes {
		if t.Sleep(between(c.random, 0, pause)) != nil || !c.world.rough {
			return
		}
		if c.token == "" && !c.login(t) {
			continue
		}
		c.act(t)
	}
}

func (c *customer) percent(n int) bool { return c.random.IntN(100) < n }

func (c *customer) act(t *loop.Task) {
	switch before := len(c.bought) > 0; {
	case before && c.percent(habitRefund):
		c.refund(t)
	case before && c.percent(habitRepeat):
		c.ask(t, c.some().request, 1)
	case before && c.percent(habitMix):
		q := c.some().request
		q.body = c.basket()
		c.ask(t, q, 1)
	case c.percent(habitTwice):
		q := c.checkout()
		c.together(t, 2, func(t *loop.Task) { c.insist(t, q) })
	default:
		c.insist(t, c.checkout())
	}
}

func (c *customer) some() purchase { return c.bought[c.random.IntN(len(c.bought))] }

// together runs fn in n tasks and waits for all.
func (c *customer) together(t *loop.Task, n int, fn func(t *loop.Task)) {
	ended := loop.NewPromise[struct{}](t.Loop(), "together")
	left := n
	for range n {
		t.Loop().Spawn(t.Context(), "customer", func(t *loop.Task) {
			fn(t)
			if left--; left == 0 {
				ended.Resolve(struct{}{})
			}
		})
	}
	_, _ = loop.Await(t, ended) // fails with the end of the run only
}

func (c *customer) nextKey() string {
	c.keys++
	return fmt.Sprint("k-", c.keys)
}

func (c *customer) checkout() request {
	key := c.nextKey()
	return request{
		route: routeCheckout, path: "/v1/checkout", key: key, body: c.basket(), reference: shop.NewReference(c.id, key),
	}
}

// basket draws what is bought: one or two products, some pieces of each.
func (c *customer) basket() string {
	q := shop.CheckoutRequest{Card: "card-" + c.id}
	if c.percent(habitDeclined) {
		q.Card = shop.DeclinedCard
	}
	products := c.random.Perm(len(c.world.products))
	for _, i := range products[:1+c.random.IntN(2)] {
		q.Lines = append(q.Lines, shop.Line{Product: c.world.products[i].ID, Quantity: shop.Quantity(1 + c.random.IntN(3))})
	}
	return encode(q)
}

// refund gives back something that was bought, with a key of its own.
func (c *customer) refund(t *loop.Task) {
	p, key := c.some(), c.nextKey()
	c.insist(t, request{
		route: routeRefund, path: "/v1/orders/" + p.order.ID + "/refund", key: key,
		reference: shop.NewReference(c.id, key), order: p.order.ID, total: p.order.Total,
	})
}

// insist asks, and asks again with the same key, until there is an answer, or the
// customer has had enough.
func (c *customer) insist(t *loop.Task, q request) {
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		told, _ := c.ask(t, q, attempt)
		if isAnswer(told) || c.percent(habitGiveUp) {
			return
		}
		if t.Sleep(between(c.random, 50*time.Millisecond, 3*time.Second)) != nil {
			return
		}
	}
}

// isAnswer says whether asking again could not bring another answer.
func isAnswer(s evidence.Sample) bool {
	return s.Outcome != evidence.Unknown && s.Status != 503 && s.Error != string(shop.CodeKeyInFlight)
}

// login gets an access token, if it can.
func (c *customer) login(t *loop.Task) bool {
	q := request{route: routeLogin, path: "/v1/login", body: encode(shop.LoginRequest{User: c.id, Password: password})}
	told, body := c.ask(t, q, 1)
	var tokens shop.Tokens
	if told.Status != 200 || json.Unmarshal(body, &tokens) != nil {
		return false
	}
	c.token = "Bearer " + tokens.AccessToken
	return true
}

// encode makes JSON of what always can be: strings and integers.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
