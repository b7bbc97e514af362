package loadgen_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// A market is a small shop in memory: a Doer that answers at once, and keeps the rules
// that shoppers rely on. Its books are open when nothing is in flight.
type market struct {
	mu       sync.Mutex
	t        testing.TB
	products int
	life     time.Duration // of an access token
	down     int           // how many requests it answers with 503 before it opens
	without  string        // a product that it lists and does not have

	access   map[string]string // customer by access token
	refresh  map[string]string // customer by refresh token, which is good once
	expires  map[string]time.Time
	orders   map[string]shop.Order
	keys     map[string]bool
	requests []string // method and path, with the customer where one is known
	surveyed [][]string
	strange  []string // what should not have come
}

func newMarket(t testing.TB) *market {
	return &market{
		t: t, products: 7, life: 15 * time.Minute,
		access: map[string]string{}, refresh: map[string]string{}, expires: map[string]time.Time{},
		orders: map[string]shop.Order{}, keys: map[string]bool{},
	}
}

// file is the shop file that leads to the market.
func (m *market) file(customers int) *shopfile.Shop {
	file := &shopfile.Shop{Gateway: "http://shop.test", Password: "secret"}
	file.Users = append(file.Users, shopfile.User{ID: "boss", Tenant: "t", Role: shop.Operator})
	for i := range customers {
		file.Users = append(file.Users, shopfile.User{ID: fmt.Sprintf("c-%d", i), Tenant: "t", Role: shop.Customer})
	}
	return file
}

func (m *market) DoDeadline(request *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer.Reset()
	path := string(request.URI().Path())
	customer := m.customer(request)
	m.requests = append(m.requests, strings.TrimSpace(string(request.Header.Method())+" "+path+" "+customer))
	if m.down > 0 {
		m.down--
		m.fail(answer, 503, shop.CodeOverloaded)
		return nil
	}
	switch {
	case path == "/v1/login":
		m.login(request, answer)
	case path == "/v1/refresh":
		m.renew(request, answer)
	case path == "/v1/products":
		m.list(request, answer)
	case m.without != "" && path == "/v1/products/"+m.without:
		m.fail(answer, 404, shop.CodeNotFound)
	case strings.HasPrefix(path, "/v1/products/"):
		m.answer(answer, 200, shop.Product{ID: strings.TrimPrefix(path, "/v1/products/")})
	case customer == "":
		m.fail(answer, 401, shop.CodeUnauthenticated)
	default:
		m.serve(customer, path, request, answer)
	}
	return nil
}

func (m *market) customer(request *fasthttp.Request) string {
	token := strings.TrimPrefix(string(request.Header.Peek("Authorization")), "Bearer ")
	if time.Now().After(m.expires[token]) {
		return ""
	}
	return m.access[token]
}

func (m *market) answer(answer *fasthttp.Response, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Error(err)
	}
	answer.SetStatusCode(status)
	answer.SetBody(text)
}

func (m *market) fail(answer *fasthttp.Response, status int, code shop.Code) {
	m.answer(answer, status, shop.Problem{Status: status, Code: code})
}

func (m *market) read(request *fasthttp.Request, into any) {
	if err := json.Unmarshal(request.Body(), into); err != nil || string(request.Header.ContentType()) != "application/json" {
		m.strange = append(m.strange, fmt.Sprintf("body %q (%v)", request.Body(), err))
	}
}

func (m *market) login(request *fasthttp.Request, answer *fasthttp.Response) {
	var body shop.LoginRequest
	m.read(request, &body)
	if body.Password != "secret" || !strings.HasPrefix(body.User, "c-") {
		m.fail(answer, 401, shop.CodeUnauthenticated)
		return
	}
	m.open(body.User, answer)
}

func (m *market) renew(request *fasthttp.Request, answer *fasthttp.Response) {
	var body shop.RefreshRequest
	m.read(request, &body)
	customer := m.refresh[body.RefreshToken]
	delete(m.refresh, body.RefreshToken)
	if customer == "" {
		m.fail(answer, 401, shop.CodeUnauthenticated)
		return
	}
	m.open(customer, answer)
}

func (m *market) open(customer string, answer *fasthttp.Response) {
	token := strconv.Itoa(len(m.access))
	m.access["a"+token], m.refresh["r"+token] = customer, customer
	m.expires["a"+token] = time.Now().Add(m.life)
	m.answer(answer, 200, shop.Tokens{AccessToken: "a" + token, RefreshToken: "r" + token, ExpiresIn: int64(m.life.Seconds())})
}

// list gives pages of three, whatever the limit.
func (m *market) list(request *fasthttp.Request, answer *fasthttp.Response) {
	from, _ := strconv.Atoi(string(request.URI().QueryArgs().Peek("cursor")))
	var page shop.ProductPage
	for i := from; i < min(from+3, m.products); i++ {
		page.Products = append(page.Products, shop.Product{ID: fmt.Sprintf("p-%d", i)})
	}
	if from+3 < m.products {
		page.Next = strconv.Itoa(from + 3)
	}
	m.answer(answer, 200, page)
}

func (m *market) serve(customer, path string, request *fasthttp.Request, answer *fasthttp.Response) {
	id, refund := strings.CutSuffix(strings.TrimPrefix(path, "/v1/orders/"), "/refund")
	order, known := m.orders[id]
	switch {
	case path == "/v1/orders":
		m.answer(answer, 200, shop.OrderPage{})
	case path == "/v1/stock" || path == "/v1/quote":
		m.surveyed = append(m.surveyed, strings.Split(string(request.URI().QueryArgs().Peek("products")), ","))
	case path == "/v1/checkout":
		m.checkout(customer, request, answer)
	case !known || order.Customer != customer:
		m.strange = append(m.strange, customer+" has no "+path)
		m.fail(answer, 404, shop.CodeNotFound)
	case refund:
		m.takeKey(request)
		if order.Status != shop.OrderConfirmed {
			m.strange = append(m.strange, "refunded twice: "+id)
		}
		order.Status = shop.OrderRefunded
		m.orders[id] = order
		m.answer(answer, 200, order)
	default:
		m.answer(answer, 200, order)
	}
}

// checkout declines every fifth order.
func (m *market) checkout(customer string, request *fasthttp.Request, answer *fasthttp.Response) {
	var body shop.CheckoutRequest
	m.read(request, &body)
	key := m.takeKey(request)
	m.checkLines(body.Lines)
	if len(m.keys)%5 == 0 {
		m.fail(answer, 402, shop.CodeDeclined)
		return
	}
	reference := shop.NewReference(customer, key)
	order := shop.Order{
		ID: reference.OrderID(""), Reference: reference, Customer: customer,
		Status: shop.OrderConfirmed, Lines: body.Lines, Total: shop.Amount(100 * len(body.Lines)),
	}
	m.orders[order.ID] = order
	m.answer(answer, 201, order)
}

func (m *market) takeKey(request *fasthttp.Request) string {
	key := string(request.Header.Peek(shop.HeaderIdempotencyKey))
	if err := shop.CheckKey(key); err != nil || m.keys[key] {
		m.strange = append(m.strange, "key "+key)
	}
	m.keys[key] = true
	return key
}

func (m *market) checkLines(lines []shop.Line) {
	seen := map[string]bool{}
	for _, line := range lines {
		if seen[line.Product] || line.Quantity < 1 || line.Quantity > 2 {
			m.strange = append(m.strange, fmt.Sprint(lines))
		}
		seen[line.Product] = true
	}
	if len(lines) < 1 || len(lines) > 3 {
		m.strange = append(m.strange, fmt.Sprint(lines))
	}
}
