package loadgen

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// A view is a GET, on behalf of a customer if there is one.
type view struct {
	route, url string
	customer   *customer
}

func (v *view) Route() string { return v.route }

func (v *view) Write(r *fasthttp.Request) {
	r.SetRequestURI(v.url)
	v.customer.authorise(r)
}

func (v *view) Read(sample *evidence.Sample, answer *fasthttp.Response) {
	v.customer.sign(sample)
	v.customer.notice(answer)
}

// A login is that of a customer who forgets the tokens: those that are used for the
// other requests stay as they are.
type login struct{ customer *customer }

func (*login) Route() string { return RouteLogin }

func (l *login) Write(r *fasthttp.Request) {
	post(r, l.customer.gateway+"/v1/login", shop.LoginRequest{User: l.customer.id, Password: l.customer.password})
}

func (l *login) Read(sample *evidence.Sample, _ *fasthttp.Response) { l.customer.sign(sample) }

// A checkout is an order, and its payment.
type checkout struct {
	shoppers *Shoppers
	customer *customer
	key      string
	lines    []shop.Line
}

func (c *checkout) has(product string) bool {
	return slices.ContainsFunc(c.lines, func(l shop.Line) bool { return l.Product == product })
}

func (*checkout) Route() string { return RouteCheckout }

func (c *checkout) Write(r *fasthttp.Request) {
	post(r, c.customer.gateway+"/v1/checkout", shop.CheckoutRequest{Lines: c.lines, Card: c.shoppers.config.Card})
	r.Header.Set(shop.HeaderIdempotencyKey, c.key)
	c.customer.authorise(r)
}

// Read remembers the order if it is confirmed.
func (c *checkout) Read(sample *evidence.Sample, answer *fasthttp.Response) {
	c.customer.sign(sample)
	sample.Reference = shop.NewReference(c.customer.id, c.key)
	order := readPromise(sample, answer)
	if order.Status == shop.OrderConfirmed {
		c.shoppers.orders.add(placed{c.customer, order.ID, order.Total})
	}
	c.customer.notice(answer)
}

// A refund is that of an order of one's own.
type refund struct {
	order placed
	key   string
}

func (*refund) Route() string { return RouteRefund }

func (f *refund) Write(r *fasthttp.Request) {
	r.Header.SetMethod(http.MethodPost)
	r.SetRequestURI(f.order.customer.gateway + "/v1/orders/" + f.order.id + "/refund")
	r.Header.Set(shop.HeaderIdempotencyKey, f.key)
	f.order.customer.authorise(r)
}

// Read names the order also when there is no answer, so that it is known whose refund
// may have been done.
func (f *refund) Read(sample *evidence.Sample, answer *fasthttp.Response) {
	f.order.customer.sign(sample)
	sample.Reference = shop.NewReference(f.order.customer.id, f.key)
	readPromise(sample, answer)
	sample.Order, sample.Total = f.order.id, f.order.total
	f.order.customer.notice(answer)
}

// readPromise keeps of an answer what the shop can be held to, and returns the order in
// it, an empty one if there is none.
func readPromise(sample *evidence.Sample, answer *fasthttp.Response) shop.Order {
	var order shop.Order
	if answer == nil {
		return order
	}
	digest := sha256.Sum256(answer.Body())
	sample.Digest = hex.EncodeToString(digest[:])
	sample.Replayed = string(answer.Header.Peek(shop.HeaderReplayed)) == "true"
	if sample.Outcome == evidence.Acknowledged && json.Unmarshal(answer.Body(), &order) == nil {
		sample.Order, sample.Total = order.ID, order.Total
	}
	return order
}

// post makes a request that posts a value.
func post(r *fasthttp.Request, url string, body any) {
	text, _ := json.Marshal(body) // strings and integers always can be
	r.Header.SetMethod(http.MethodPost)
	r.Header.SetContentType("application/json")
	r.SetRequestURI(url)
	r.SetBody(text)
}
