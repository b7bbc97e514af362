package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"brownout/internal/lab"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A gate is a gateway of whose access tokens the test has the key, and a shop behind it.
type gate struct {
	*liveShop
	t *testing.T // who asks
	service.ReadyLine
	key ed25519.PrivateKey
}

// openGate runs a shop, and another gateway to it that keeps its orders in memory.
func openGate(t *testing.T) *gate {
	t.Helper()
	s := openUp(t)
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	p := begin(t, s.dir, []string{
		lab.EnvSigningKey + "=" + base64.StdEncoding.EncodeToString(seed),
		lab.EnvServiceToken + "=" + s.ServiceToken,
	}, "serve", "gateway", "--listen", "127.0.0.1:0", "--payments", s.Payments, "--inventory", s.Inventory,
		"--users", filepath.Join(".brownout/epochs", s.Epoch, "users.json"))
	p.says(1, "}\n")
	return &gate{s, t, readiness(t, p.out.String()), ed25519.NewKeyFromSeed(seed)}
}

// run runs a subtest that asks.
func (g *gate) run(name string, test func(*testing.T, *gate)) {
	g.t.Run(name, func(t *testing.T) { test(t, &gate{g.liveShop, t, g.ReadyLine, g.key}) })
}

// token returns an access token of a customer, after change has changed what it says.
func (g *gate) token(customer string, change func(jwt.MapClaims)) string {
	g.t.Helper()
	claims := jwt.MapClaims{
		"iss": "brownout", "aud": "shop", "sub": customer, "tenant": "t-1", "role": "customer", "jti": "x",
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	if change != nil {
		change(claims)
	}
	return g.sign(jwt.SigningMethodEdDSA, g.key, claims)
}

func (g *gate) sign(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	g.t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

// An answer is what came back for a request.
type answer struct {
	status  int
	header  http.Header
	body    string
	problem shop.Problem // if it is an error
	closed  bool         // the server closes the connection
}

// raw sends text as it is on a connection of its own, and reads one answer.
func (g *gate) raw(text string) answer {
	g.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		g.t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(connection, text) }() // the server may stop reading
	got, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		g.t.Fatalf("no answer to %.60q: %v", text, err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		g.t.Fatalf("half an answer to %.60q: %v", text, err)
	}
	return answerOf(g.t, got, string(body))
}

// answerOf wants an answer that is an error to be a problem with a code and a trace id.
func answerOf(t *testing.T, got *http.Response, body string) answer {
	t.Helper()
	a := answer{status: got.StatusCode, header: got.Header, body: body, closed: got.Close}
	if a.status < 400 {
		return a
	}
	err := json.Unmarshal([]byte(body), &a.problem)
	if err != nil || got.Header.Get("Content-Type") != service.ContentProblem || a.problem.Code == "" || a.problem.Status != a.status || len(a.problem.TraceID) != 32 {
		t.Errorf("status %d with %s: %s", a.status, got.Header.Get("Content-Type"), body)
	}
	return a
}

// asked sends a request with a body and headers, each "Name: value".
func (g *gate) asked(method, target, body string, headers ...string) answer {
	g.t.Helper()
	headers = append(headers, "Host: shop", fmt.Sprintf("Content-Length: %d", len(body)), "Connection: close")
	return g.raw(method + " " + target + " HTTP/1.1\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n" + body)
}

// oneLamp is a body of a checkout.
const oneLamp = `{"lines":[{"product":"p0010","quantity":1}],"card":"4242"}`

func TestHostileInput(t *testing.T) {
	t.Parallel()
	g := openGate(t)
	g.run("requests", testRequests)
	g.run("checkouts", testCheckouts)
	g.run("tokens", testTokens)
	g.run("other customers", testOtherCustomers)
	g.run("random paths", testRandomPaths)
	g.run("slow headers", testSlowHeaders)
	if status := get(t, g.URL+"/v1/products"); status != 200 {
		t.Errorf("afterwards the gateway answers %d", status)
	}
}

// testRequests sends requests that are wrong before anybody looks at their body.
func testRequests(t *testing.T, g *gate) {
	const post, host, end = "POST /v1/login HTTP/1.1\r\n", "Host: shop\r\n", "\r\n\r\n"
	for _, tt := range []struct {
		name, text string
		status     int
		code       shop.Code
		pointer    string
	}{
		{"body of 5 KiB", post + host + "Content-Length: 5120" + end + strings.Repeat("x", 5120), 413, shop.CodeTooLarge, ""},
		{"body of 1 GiB that never comes", post + host + "Content-Length: 1073741824" + end, 413, shop.CodeTooLarge, ""},
		{"body where none belongs", "GET /v1/products HTTP/1.1\r\n" + host + "Content-Length: 2" + end + "{}", 413, shop.CodeTooLarge, ""},
		{"body of 65 KiB to nobody", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 66560" + end + strings.Repeat("x", 66560), 413, shop.CodeTooLarge, ""},
		{"header of 9 KiB", post + host + "X: " + strings.Repeat("x", 9<<10) + end, 431, shop.CodeHeaderTooLarge, ""},
		{"line of 9 KiB", "GET /" + strings.Repeat("x", 9<<10) + " HTTP/1.1\r\n" + host + end, 431, shop.CodeHeaderTooLarge, ""},
		{"chunks", post + host + "Transfer-Encoding: chunked" + end + "2\r\n{}\r\n0\r\n\r\n", 411, shop.CodeLength, ""},
		{"chunks and a length", post + host + "Content-Length: 2\r\nTransfer-Encoding: chunked" + end + "2\r\n{}\r\n0\r\n\r\n", 411, shop.CodeLength, ""},
		{"another coding", post + host + "Transfer-Encoding: gzip, identity" + end, 411, shop.CodeLength, ""},
		{"two lengths", post + host + "Content-Length: 2\r\nContent-Length: 3" + end + "{}x", 400, shop.CodeInvalid, ""},
		{"no number as length", post + host + "Content-Length: two" + end + "{}", 400, shop.CodeInvalid, ""},
		{"a negative length", post + host + "Content-Length: -2" + end + "{}", 400, shop.CodeInvalid, ""},
		{"no HTTP", "hello\r\n\r\n", 400, shop.CodeInvalid, ""},
		{"a space before the colon", post + host + "Content-Length : 2" + end + "{}", 400, shop.CodeInvalid, ""},
		{"two keys", "POST /v1/checkout HTTP/1.1\r\n" + host + "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0" + end, 400, shop.CodeInvalid, "header:Idempotency-Key"},
		{"two tokens", "GET /v1/orders HTTP/1.1\r\n" + host + "Authorization: a\r\nauthorization: b" + end, 400, shop.CodeInvalid, "header:Authorization"},
		{"an encoded slash", "GET /v1/orders%2fx HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "path"},
		{"an encoded NUL", "GET /v1/orders/%00 HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "path"},
		{"no percent-encoding", "GET /v1/orders/%zz HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "path"},
		{"no UTF-8", "GET /v1/products/\xff HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "path"},
		{"no name", "GET /v1/products/a+b HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "path:id"},
		{"nobody's name", "GET /v1/products/none HTTP/1.1\r\n" + host + end, 404, shop.CodeNotFound, "path:id"},
		{"no such path", "GET /v1/products/a/b HTTP/1.1\r\n" + host + end, 404, shop.CodeNotFound, ""},
		{"no such method", "BREW /v1/checkout HTTP/1.1\r\n" + host + end, 405, shop.CodeMethod, ""},
		{"a limit of 0", "GET /v1/products?limit=0 HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "query:limit"},
		{"a limit of 101", "GET /v1/products?limit=101 HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "query:limit"},
		{"two limits", "GET /v1/products?limit=1&limit=2 HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "query:limit"},
		{"no such parameter", "GET /v1/products?order=asc HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "query:order"},
		{"half an escape", "GET /v1/products?limit=%2 HTTP/1.1\r\n" + host + end, 400, shop.CodeInvalid, "query"},
		{"no deadline", "GET /v1/products HTTP/1.1\r\n" + host + "Deadline-Ms: soon" + end, 400, shop.CodeInvalid, "header:Deadline-Ms"},
		{"a negative deadline", "GET /v1/products HTTP/1.1\r\n" + host + "Deadline-Ms: -1" + end, 400, shop.CodeInvalid, "header:Deadline-Ms"},
	} {
		got := g.raw(tt.text)
		if got.status != tt.status || got.problem.Code != tt.code || got.problem.Pointer != tt.pointer {
			t.Errorf("%s: status %d, %s at %q; want %d, %s at %q", tt.name, got.status, got.problem.Code, got.problem.Pointer, tt.status, tt.code, tt.pointer)
		}
		if tt.code == shop.CodeMethod && got.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow: %s", tt.name, got.header.Get("Allow"))
		}
	}
}

// testCheckouts sends checkouts with bodies that break the contract.
func testCheckouts(t *testing.T, g *gate) {
	line := func(quantity string) string {
		return `{"lines":[{"product":"p0010","quantity":` + quantity + `}],"card":"4242"}`
	}
	for _, tt := range []struct{ name, body, pointer string }{
		{"nothing", ``, "/"},
		{"no object", `[]`, "/"},
		{"half an object", `{"card":"4242"`, "/"},
		{"something behind it", oneLamp + `{}`, "/"},
		{"a letter behind it", oneLamp + `x`, "/"},
		{"an unknown member", `{"lines":[{"product":"p0010","quantity":1}],"card":"4242","tip":1}`, "/tip"},
		{"an unknown member of a line", `{"lines":[{"product":"p0010","quantity":1,"price":1}],"card":"4242"}`, "/lines/0/price"},
		{"a member in capitals", `{"lines":[{"product":"p0010","quantity":1}],"Card":"4242"}`, "/Card"},
		{"a member twice", `{"lines":[{"product":"p0010","quantity":1}],"card":"4242","card":"4242"}`, "/card"},
		{"a member of a line twice", `{"lines":[{"product":"p0010","quantity":1,"quantity":1}],"card":"4242"}`, "/lines/0/quantity"},
		{"no UTF-8", "{\"lines\":[{\"product\":\"p0010\",\"quantity\":1}],\"card\":\"\xff\"}", "/card"},
		{"null", `null`, "/"},
		{"a null card", `{"lines":[{"product":"p0010","quantity":1}],"card":null}`, "/card"},
		{"a null line", `{"lines":[null],"card":"4242"}`, "/lines/0"},
		{"a null quantity", line(`null`), "/lines/0/quantity"},
		{"none", line(`0`), "/lines/0/quantity"},
		{"less than none", line(`-1`), "/lines/0/quantity"},
		{"an exponent", line(`1e3`), "/lines/0/quantity"},
		{"a fraction", line(`1.0`), "/lines/0/quantity"},
		{"2^63", line(`9223372036854775808`), "/lines/0/quantity"},
		{"2^64+1", line(`18446744073709551617`), "/lines/0/quantity"},
		{"too many", line(`1001`), "/lines/0/quantity"},
		{"a leading zero", line(`01`), "/lines/0"},
		{"no number", line(`NaN`), "/lines/0/quantity"},
		{"a string", line(`"1"`), "/lines/0/quantity"},
		{"a list", line(`[1]`), "/lines/0/quantity"},
		{"no quantity", `{"lines":[{"product":"p0010"}],"card":"4242"}`, "/lines/0/quantity"},
		{"no product", `{"lines":[{"quantity":1}],"card":"4242"}`, "/lines/0/product"},
		{"a product with a newline", `{"lines":[{"product":"p\n","quantity":1}],"card":"4242"}`, "/lines/0/product"},
		{"a product twice", `{"lines":[{"product":"p0010","quantity":1},{"product":"p0010","quantity":1}],"card":"4242"}`, "/lines/1/product"},
		{"no lines", `{"lines":[],"card":"4242"}`, "/lines"},
		{"21 lines", `{"lines":[` + strings.TrimSuffix(strings.Repeat(`{"product":"p","quantity":1},`, 21), ",") + `],"card":"4242"}`, "/lines"},
		{"no card", `{"lines":[{"product":"p0010","quantity":1}]}`, "/card"},
		{"a long card", `{"lines":[{"product":"p0010","quantity":1}],"card":"` + strings.Repeat("4", 65) + `"}`, "/card"},
		{"a thousand lists in each other", strings.Repeat(`[`, 1000), "/"},
	} {
		got := g.asked("POST", "/v1/checkout", tt.body, "Idempotency-Key: hostile", "Authorization: Bearer "+g.token("c-001", nil))
		if got.status != 400 || got.problem.Code != shop.CodeInvalid || got.problem.Pointer != tt.pointer {
			t.Errorf("%s: status %d, %s at %q, want 400 at %q", tt.name, got.status, got.problem.Code, got.problem.Pointer, tt.pointer)
		}
	}
	for _, tt := range []struct {
		key  string
		code shop.Code
	}{{"", shop.CodeKeyMissing}, {"a b", shop.CodeInvalid}, {strings.Repeat("k", 65), shop.CodeInvalid}} {
		got := g.asked("POST", "/v1/checkout", oneLamp, "Idempotency-Key: "+tt.key, "Authorization: Bearer "+g.token("c-001", nil))
		if got.status != 400 || got.problem.Code != tt.code || got.problem.Pointer != "header:Idempotency-Key" {
			t.Errorf("key %q: status %d, %s at %q", tt.key, got.status, got.problem.Code, got.problem.Pointer)
		}
	}
}

// testTokens asks with access tokens that are no good, and with one that is.
func testTokens(t *testing.T, g *gate) {
	claim := func(name string, value any) string {
		return g.token("c-001", func(c jwt.MapClaims) { c[name] = value })
	}
	without := func(name string) string {
		return g.token("c-001", func(c jwt.MapClaims) { delete(c, name) })
	}
	claims := jwt.MapClaims{"iss": "brownout", "aud": "shop", "sub": "c-001", "tenant": "t-1", "role": "operator", "exp": time.Now().Add(time.Hour).Unix()}
	_, stranger, _ := ed25519.GenerateKey(nil)
	good := g.token("c-001", nil)
	for _, tt := range []struct {
		name, header string
		want         int
	}{
		{"good", "Bearer " + good, 200},
		{"good, in small letters", "bearer " + good, 200},
		{"none", "", 401},
		{"another scheme", "Basic " + good, 401},
		{"no token", "Bearer ", 401},
		{"no JWT", "Bearer x.y.z", 401},
		{"alg none", "Bearer " + g.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims), 401},
		{"HS256 with the public key", "Bearer " + g.sign(jwt.SigningMethodHS256, []byte(g.key.Public().(ed25519.PublicKey)), claims), 401},
		{"a stranger's key", "Bearer " + g.sign(jwt.SigningMethodEdDSA, stranger, claims), 401},
		{"a changed signature", "Bearer " + good[:len(good)-8] + "AAAAAAAA", 401},
		{"no signature", "Bearer " + good[:strings.LastIndex(good, ".")+1], 401},
		{"another issuer", "Bearer " + claim("iss", "elsewhere"), 401},
		{"no issuer", "Bearer " + without("iss"), 401},
		{"another audience", "Bearer " + claim("aud", "bank"), 401},
		{"no audience", "Bearer " + without("aud"), 401},
		{"expired", "Bearer " + claim("exp", time.Now().Add(-time.Minute).Unix()), 401},
		{"no expiry", "Bearer " + without("exp"), 401},
		{"not yet", "Bearer " + claim("nbf", time.Now().Add(time.Hour).Unix()), 401},
		{"from the future", "Bearer " + claim("iat", time.Now().Add(time.Hour).Unix()), 401},
		{"another role", "Bearer " + claim("role", "boss"), 401},
		{"no subject", "Bearer " + without("sub"), 401},
		{"no tenant", "Bearer " + without("tenant"), 401},
		{"4 KiB", "Bearer " + claim("jti", strings.Repeat("x", 3<<10)), 401},
	} {
		got := g.asked("GET", "/v1/orders", "", "Authorization: "+tt.header)
		if got.status != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got.status, tt.want)
		}
		if tt.want == 401 && (got.problem.Code != shop.CodeUnauthenticated || got.header.Get("WWW-Authenticate") != "Bearer") {
			t.Errorf("%s: %s, WWW-Authenticate: %q", tt.name, got.problem.Code, got.header.Get("WWW-Authenticate"))
		}
	}
}

// testOtherCustomers wants a customer to learn nothing of another, and not to be in the
// way of one: keys are each customer's own.
func testOtherCustomers(t *testing.T, g *gate) {
	as := func(customer string) string { return "Authorization: Bearer " + g.token(customer, nil) }
	buy := func(customer string) (order shop.Order) {
		t.Helper()
		got := g.asked("POST", "/v1/checkout", oneLamp, "Idempotency-Key: same", as(customer))
		if err := json.Unmarshal([]byte(got.body), &order); err != nil || got.status != 201 || order.Customer != customer {
			t.Fatalf("checkout of %s: status %d, %s", customer, got.status, got.body)
		}
		return order
	}
	first, second := buy("c-001"), buy("c-004")
	if first.ID == second.ID || first.Reference == second.Reference {
		t.Errorf("two customers share the order %s", first.ID)
	}
	for _, tt := range []struct{ method, tail string }{{"GET", ""}, {"POST", "/refund"}} {
		ask := func(order string) answer {
			return g.asked(tt.method, "/v1/orders/"+order+tt.tail, "", "Idempotency-Key: refund", as("c-004"))
		}
		anothers, missing := ask(first.ID), ask("ord_000000000000000000000000")
		if anothers.status != 404 || hideTrace(anothers) != hideTrace(missing) {
			t.Errorf("%s: another's order is answered %d %s, a missing one %d %s", tt.method, anothers.status, anothers.body, missing.status, missing.body)
		}
	}
	if again := buy("c-001"); again.ID != first.ID || again.Status != shop.OrderConfirmed {
		t.Errorf("the first order is now %+v", again)
	}
}

func hideTrace(a answer) string { return strings.ReplaceAll(a.body, a.problem.TraceID, "") }

// testRandomPaths wants paths that clients invent not to become metrics.
func testRandomPaths(t *testing.T, g *gate) {
	const paths = 100_000
	g.asked("GET", "/v1/x", "") // what there is of one path there may be
	before := g.series()
	connection, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	go func() {
		w := bufio.NewWriter(connection)
		for i := range paths {
			fmt.Fprintf(w, "GET /v1/%x/%d HTTP/1.1\r\nHost: shop\r\n\r\n", i*2654435761, i)
		}
		_ = w.Flush() // the answers tell
	}()
	answers := bufio.NewReader(connection)
	for i := range paths {
		got, err := http.ReadResponse(answers, nil)
		if err != nil || got.StatusCode != 404 {
			t.Fatalf("path %d: %v, %v", i, got, err)
		}
		_, _ = io.Copy(io.Discard, got.Body)
	}
	const unasked = 200 // what the gateway does by itself may show for the first time meanwhile
	if after := g.series(); after > before+unasked {
		t.Errorf("%d lines of metrics became %d", before, after)
	}
}

// series returns how many lines of metrics there are.
func (g *gate) series() int {
	g.t.Helper()
	request, err := http.NewRequest("GET", g.Admin+"/metrics", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+g.Token)
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != 200 {
		g.t.Fatalf("/metrics: status %d, %v", got.StatusCode, err)
	}
	return bytes.Count(text, []byte("\n"))
}

// testSlowHeaders wants a client that sends half a request to be told, and let go.
func testSlowHeaders(t *testing.T, g *gate) {
	got := g.raw("GET /v1/products HTTP/1.1\r\nHost: sh")
	if got.status != 408 || got.problem.Code != shop.CodeSlow || !got.closed {
		t.Errorf("status %d, %s, closed: %v", got.status, got.problem.Code, got.closed)
	}
}
