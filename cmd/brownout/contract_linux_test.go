package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/inventory"
	"brownout/services/payments"
)

// A visitor asks one service, and holds every request and answer against its contract.
type visitor struct {
	t        *testing.T
	url      string
	token    string
	contract *servicetest.Contract
	missing  map[string]*regexp.Regexp // what of the contract nobody has asked for yet
	client   *http.Client
}

func newVisitor(t *testing.T, url, token string, contract []byte) *visitor {
	t.Helper()
	return &visitor{t, url, token, servicetest.NewContract(t, contract), operations(t, contract), &http.Client{Timeout: patience}}
}

// operations returns a pattern for each operation of a contract.
func operations(t *testing.T, contract []byte) map[string]*regexp.Regexp {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(contract)
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{[a-z]+\}`)
	patterns := map[string]*regexp.Regexp{}
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			patterns[method+" "+path] = regexp.MustCompile("^" + method + " " + parameter.ReplaceAllString(path, "[^/]+") + "$")
		}
	}
	return patterns
}

// complete wants every operation to have been asked for.
func (v *visitor) complete() {
	v.t.Helper()
	for _, operation := range slices.Sorted(maps.Keys(v.missing)) {
		v.t.Errorf("nobody has asked for %s", operation)
	}
}

// ask sends a request, with headers as pairs of name and value, and wants a status.
func (v *visitor) ask(want int, method, target, body string, headers ...string) answer {
	v.t.Helper()
	request, err := http.NewRequest(method, v.url+target, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.token != "" {
		request.Header.Set("Authorization", "Bearer "+v.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	got, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if got.StatusCode != want {
		v.t.Errorf("%s %s: status %d, want %d: %s", method, target, got.StatusCode, want, text)
	}
	v.contract.Check(v.t, request, body, got.StatusCode, got.Header, string(text))
	path, _, _ := strings.Cut(method+" "+target, "?")
	maps.DeleteFunc(v.missing, func(_ string, pattern *regexp.Regexp) bool { return pattern.MatchString(path) })
	return answerOf(v.t, got, string(text))
}

// read decodes the body of an answer.
func read[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

func TestContracts(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	for _, tt := range []struct {
		url, token string
		contract   []byte
		ask        func(*testing.T, *liveShop, *visitor)
	}{
		{s.Gateway, "", gateway.OpenAPI, askGateway},
		{s.Payments, s.ServiceToken, payments.OpenAPI, askPayments},
		{s.Inventory, s.ServiceToken, inventory.OpenAPI, askInventory},
	} {
		v := newVisitor(t, tt.url, tt.token, tt.contract)
		tt.ask(t, s, v)
		v.complete()
	}
}

func askGateway(t *testing.T, s *liveShop, v *visitor) {
	login := func(user string) shop.Tokens {
		return read[shop.Tokens](t, v.ask(200, "POST", "/v1/login", `{"user":"`+user+`","password":"`+s.Password+`"}`))
	}
	v.ask(401, "POST", "/v1/login", `{"user":"c-001","password":"wrong"}`)
	v.ask(401, "POST", "/v1/login", `{"user":"nobody","password":"wrong"}`)
	v.ask(401, "GET", "/v1/orders", "")
	first := login("c-001")
	second := read[shop.Tokens](t, v.ask(200, "POST", "/v1/refresh", `{"refresh_token":"`+first.RefreshToken+`"}`))
	v.ask(401, "POST", "/v1/refresh", `{"refresh_token":"`+first.RefreshToken+`"}`)  // used before
	v.ask(401, "POST", "/v1/refresh", `{"refresh_token":"`+second.RefreshToken+`"}`) // and so revoked
	v.token = second.AccessToken
	order := askOrders(t, v)
	v.ask(403, "POST", "/v1/exports", "")
	v.ask(200, "GET", "/v1/openapi.yaml", "")

	operator := login("o-1")
	v.token = operator.AccessToken
	if export := v.ask(200, "POST", "/v1/exports?limit=10", ""); !strings.Contains(export.body, order.ID) {
		t.Errorf("an export without %s: %s", order.ID, export.body)
	}
	v.ask(204, "POST", "/v1/logout", `{"refresh_token":"`+operator.RefreshToken+`"}`)
	v.ask(401, "POST", "/v1/refresh", `{"refresh_token":"`+operator.RefreshToken+`"}`)
}

// askOrders looks at products, buys one, and gives it back.
func askOrders(t *testing.T, v *visitor) shop.Order {
	page := read[shop.ProductPage](t, v.ask(200, "GET", "/v1/products?limit=3", ""))
	if len(page.Products) != 3 || page.Next == "" {
		t.Fatalf("a page of products: %+v", page)
	}
	v.ask(200, "GET", "/v1/products?limit=3&cursor="+page.Next, "")
	product := page.Products[0]
	v.ask(200, "GET", "/v1/products/"+product.ID, "")
	v.ask(404, "GET", "/v1/products/none", "")
	for _, path := range []string{"/v1/stock", "/v1/quote"} {
		v.ask(200, "GET", path+"?products="+product.ID+","+page.Products[1].ID, "")
		v.ask(404, "GET", path+"?products=none", "")
		v.ask(400, "GET", path, "")
	}

	bought := v.ask(201, "POST", "/v1/checkout", oneLamp, shop.HeaderIdempotencyKey, "k-1")
	replay := v.ask(201, "POST", "/v1/checkout", oneLamp, shop.HeaderIdempotencyKey, "k-1")
	if bought.body != replay.body || bought.header.Get(shop.HeaderReplayed) != "" || replay.header.Get(shop.HeaderReplayed) != "true" {
		t.Errorf("replayed: %s\n%s", bought.body, replay.body)
	}
	v.ask(422, "POST", "/v1/checkout", strings.ReplaceAll(oneLamp, `"quantity":1`, `"quantity":2`), shop.HeaderIdempotencyKey, "k-1")
	v.ask(404, "POST", "/v1/checkout", strings.ReplaceAll(oneLamp, "p0010", "none"), shop.HeaderIdempotencyKey, "k-2")
	v.ask(400, "POST", "/v1/checkout", oneLamp)
	v.ask(402, "POST", "/v1/checkout", strings.ReplaceAll(oneLamp, "4242", shop.DeclinedCard), shop.HeaderIdempotencyKey, "k-3")

	order := read[shop.Order](t, bought)
	v.ask(200, "GET", "/v1/orders?limit=1", "")
	v.ask(200, "GET", "/v1/orders/"+order.ID, "")
	v.ask(404, "GET", "/v1/orders/ord_000000000000000000000000", "")
	refunded := read[shop.Order](t, v.ask(200, "POST", "/v1/orders/"+order.ID+"/refund", "", shop.HeaderIdempotencyKey, "r-1"))
	if refunded.ID != order.ID || refunded.Status != shop.OrderRefunded {
		t.Errorf("refunded: %+v", refunded)
	}
	v.ask(200, "POST", "/v1/orders/"+order.ID+"/refund", "", shop.HeaderIdempotencyKey, "r-1")
	v.ask(409, "POST", "/v1/orders/"+order.ID+"/refund", "", shop.HeaderIdempotencyKey, "r-2")
	return order
}

func askPayments(t *testing.T, _ *liveShop, v *visitor) {
	const body = `{"id":"pay-1","reference":"c-1/k","tenant":"t-1","amount":1999,"currency":"EUR","card":"4242"}`
	from := func(key string) []string { return []string{shop.HeaderCustomer, "c-1", shop.HeaderIdempotencyKey, key} }
	v.ask(201, "POST", "/v1/payments", body, from("a-1")...)
	v.ask(201, "POST", "/v1/payments", body, from("a-1")...)
	v.ask(422, "POST", "/v1/payments", strings.ReplaceAll(body, "1999", "2999"), from("a-1")...)
	v.ask(400, "POST", "/v1/payments", strings.ReplaceAll(body, "1999", "0"), from("a-2")...)
	v.ask(402, "POST", "/v1/payments", strings.NewReplacer("4242", shop.DeclinedCard, "pay-1", "pay-2").Replace(body), from("a-3")...)
	v.ask(200, "GET", "/v1/payments/pay-1", "")
	v.ask(404, "GET", "/v1/payments/none", "")
	v.ask(409, "POST", "/v1/payments/pay-1/refund", "", from("r-0")...)
	v.ask(200, "POST", "/v1/payments/pay-1/capture", "", from("c-1")...)
	v.ask(409, "POST", "/v1/payments/pay-1/void", "", from("v-1")...)
	v.ask(200, "POST", "/v1/payments/pay-1/refund", "", from("r-1")...)
	v.ask(200, "POST", "/v1/payments/pay-3/void", "", from("v-2")...)
	ledger := read[shop.LedgerPage](t, v.ask(200, "GET", "/v1/ledger?limit=2", ""))
	v.ask(200, "GET", "/v1/ledger?limit=2&cursor="+ledger.Next, "")
	v.ask(400, "GET", "/v1/ledger?cursor=x", "")
	v.ask(200, "GET", "/v1/balances", "")
	v.ask(200, "GET", "/v1/events?limit=2", "")
	v.ask(200, "GET", "/v1/openapi.yaml", "")
	v.token = "wrong"
	v.ask(401, "GET", "/v1/ledger", "")
}

func askInventory(t *testing.T, _ *liveShop, v *visitor) {
	const body = `{"id":"hold-1","reference":"c-1/k","lines":[{"product":"p0001","quantity":2}]}`
	v.ask(200, "GET", "/v1/products?limit=2", "")
	v.ask(200, "GET", "/v1/products/p0001", "")
	v.ask(404, "GET", "/v1/products/none", "")
	v.ask(201, "POST", "/v1/holds", body)
	v.ask(200, "POST", "/v1/holds", body)
	v.ask(422, "POST", "/v1/holds", strings.ReplaceAll(body, `"quantity":2`, `"quantity":3`))
	v.ask(404, "POST", "/v1/holds", strings.NewReplacer("p0001", "none", "hold-1", "hold-2").Replace(body))
	v.ask(200, "GET", "/v1/holds/hold-1", "")
	v.ask(404, "GET", "/v1/holds/none", "")
	v.ask(409, "POST", "/v1/holds/hold-1/return", "")
	v.ask(200, "POST", "/v1/holds/hold-1/commit", "")
	v.ask(409, "POST", "/v1/holds/hold-1/release", "")
	v.ask(200, "POST", "/v1/holds/hold-1/return", "")
	v.ask(200, "POST", "/v1/holds/hold-3/release", "")
	v.ask(409, "POST", "/v1/holds", strings.ReplaceAll(body, "hold-1", "hold-3"))
	more := read[shop.Stock](t, v.ask(200, "POST", "/v1/products/p0001/restock", `{"quantity":5}`, shop.HeaderIdempotencyKey, "k"))
	again := v.ask(200, "POST", "/v1/products/p0001/restock", `{"quantity":5}`, shop.HeaderIdempotencyKey, "k")
	if read[shop.Stock](t, again) != more || more.Restocked != 5 || again.header.Get(shop.HeaderReplayed) != "true" {
		t.Errorf("restocked %+v, and again %s", more, again.body)
	}
	stock := read[shop.StockPage](t, v.ask(200, "GET", "/v1/stock?limit=2", ""))
	v.ask(200, "GET", "/v1/stock?limit=2&cursor="+stock.Next, "")
	v.ask(200, "GET", "/v1/holds?limit=2", "")
	v.ask(200, "GET", "/v1/openapi.yaml", "")
	v.token = ""
	v.ask(401, "GET", "/v1/stock", "")
}
