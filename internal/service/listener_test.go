package service_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

func TestListenerRefuses(t *testing.T) {
	f := newFront(t, frontConfig{})
	for _, tt := range []struct {
		request string
		status  int
		code    shop.Code
		pointer string
		closes  bool
	}{
		{request("POST", "/v1/echo", "", "Transfer-Encoding: chunked") + "1\r\na\r\n0\r\n\r\n", 411, shop.CodeLength, "", true},
		{request("POST", "/v1/echo", "a", "Transfer-Encoding: chunked"), 411, shop.CodeLength, "", true},
		{request("POST", "/v1/echo", "a", "transfer-encoding: identity"), 411, shop.CodeLength, "", true},
		{request("POST", "/v1/echo", "a", "Transfer-Encoding: gzip"), 411, shop.CodeLength, "", true},
		{get("/v1/ping", "Transfer-Encoding: chunked") + "0\r\n\r\n", 411, shop.CodeLength, "", true},
		{get("/nowhere", "Transfer-Encoding: chunked") + "0\r\n\r\n", 411, shop.CodeLength, "", true},
		{"POST /v1/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, shop.CodeLength, "", true},
		{request("POST", "/v1/echo", strings.Repeat("a", 17)), 413, shop.CodeTooLarge, "", true},
		{request("POST", "/v1/echo", strings.Repeat("a", 17), "Expect: 100-continue"), 413, shop.CodeTooLarge, "", true},
		{request("POST", "/nowhere", strings.Repeat("a", 65<<10)), 413, shop.CodeTooLarge, "", true},
		{request("GET", "/v1/ping", "a"), 413, shop.CodeTooLarge, "", false},
		{get("/v1/ping", "X: "+strings.Repeat("a", 8<<10)), 431, shop.CodeHeaderTooLarge, "", true},
		{get("/v1/" + strings.Repeat("a", 8<<10)), 431, shop.CodeHeaderTooLarge, "", true},
		{"hello\r\n\r\n", 400, shop.CodeInvalid, "", true},
		{"GET /v1/ping HTTP/1.1\r\n\r\n", 400, shop.CodeInvalid, "", true},
		{"GET /v1/ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, shop.CodeInvalid, "", true},
		{get("/v1/ping", "Content-Length: -1"), 400, shop.CodeInvalid, "", true},
		{get("/v1/ping", "Content-Length: 1", "Content-Length: 1"), 400, shop.CodeInvalid, "", true},
		{get("/v1/ping", "X : a"), 400, shop.CodeInvalid, "", true},
		{get("/v1/ping", "X: a\x00b"), 400, shop.CodeInvalid, "", true},
		{get("/v1/ping", "Idempotency-Key: a", "Idempotency-Key: b"), 400, shop.CodeInvalid, "header:Idempotency-Key", true},
		{get("/v1/ping", "idempotency-key: a", "X: y", "IDEMPOTENCY-KEY: a"), 400, shop.CodeInvalid, "header:Idempotency-Key", true},
		{get("/v1/ping", "Authorization: a", "Authorization: a"), 400, shop.CodeInvalid, "header:Authorization", true},
		{get("/v1/ping", "Deadline-Ms: 1", "Deadline-Ms: 2"), 400, shop.CodeInvalid, "header:Deadline-Ms", true},
		{get("/v1/ping", "Customer-Id: 1", "Customer-Id: 2"), 400, shop.CodeInvalid, "header:Customer-Id", true},
		{get("/v1/ping", "Deadline-Ms: soon"), 400, shop.CodeInvalid, "header:Deadline-Ms", false},
		{get("/v1/ping", "Deadline-Ms: 0"), 504, shop.CodeDeadline, "", false},
		{get("/v1/things/a%2Fb"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/a%00b"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/a%7Fb"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/a%ffb"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/a%zzb"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/a%"), 400, shop.CodeInvalid, "path", true},
		{get("/v1/things/"), 404, shop.CodeNotFound, "", false},
		{get("/v1/ping/"), 404, shop.CodeNotFound, "", false},
		{get("/v1/../v1/ping"), 404, shop.CodeNotFound, "", false},
		{get("//v1/ping"), 404, shop.CodeNotFound, "", false},
		{get("*"), 400, shop.CodeInvalid, "", true},
		{get("http://front"), 404, shop.CodeNotFound, "", false},
		{get("http://front?a=/v1/ping"), 404, shop.CodeNotFound, "", false},
		{get("ftp://front/v1/ping"), 400, shop.CodeInvalid, "path", true},
		{get("://front/v1/ping"), 400, shop.CodeInvalid, "", true}, // as fasthttp sees it
		{request("POST", "/v1/ping", ""), 405, shop.CodeMethod, "", false},
		{request("BREW", "/v1/ping", ""), 405, shop.CodeMethod, "", false},
	} {
		line, _, _ := strings.Cut(tt.request, "\r\n")
		t.Run(fmt.Sprintf("%.30s", line), func(t *testing.T) {
			w := dial(t, f.listener.Addr().String())
			w.send(tt.request)
			a := w.answer("GET")
			for a.status == 100 {
				a = w.answer("GET")
			}
			if a.status != tt.status || a.problem.Code != tt.code || a.problem.Pointer != tt.pointer || len(a.problem.TraceID) != 32 {
				t.Errorf("%q: %d %+v, want %d %s at %q", tt.request[:min(len(tt.request), 200)], a.status, a.problem, tt.status, tt.code, tt.pointer)
			}
			if a.close != tt.closes {
				t.Errorf("%q: closes %v, want %v", tt.request[:min(len(tt.request), 200)], a.close, tt.closes)
			}
			if tt.closes && !w.closed() {
				t.Error("the connection stays open")
			}
		})
	}
	if n := f.dispatcher.InFlight(); n != 0 {
		t.Errorf("%d requests are still under way", n)
	}
}

func TestListenerTakes(t *testing.T) {
	f := newFront(t, frontConfig{})
	for _, tt := range []struct{ request, body string }{
		{get("/v1/ping"), `"pong"`},
		{get("/v1/ping", "Deadline-Ms: 60000", "Idempotency-Key: a"), `"pong"`},
		{get("http://elsewhere/v1/ping"), `"pong"`},
		{get("HTTPS://elsewhere/v1/ping?a"), `"pong"`},
		{"GET /v1/ping HTTP/1.0\r\n\r\n", `"pong"`},
		{get("/v1/%70ing"), `"pong"`},
		{get("/v1/things/a%20b?c=%2F"), `"a b?c=%2F"`},
		{get("/v1/things/a%2525b"), `"a%25b?"`},
		{get("/v1/things/ä"), `"ä?"`},
		{get("/v1/things/a://b?c://d"), ``},
		{request("POST", "/v1/echo", strings.Repeat("a", 16)), strings.Repeat("a", 16)},
		{request("POST", "/v1/echo", ""), ""},
	} {
		a := f.ask(tt.request)
		if tt.body == "" && strings.Contains(tt.request, "://d") {
			if a.status != 404 { // three segments
				t.Errorf("%q: %d", tt.request, a.status)
			}
			continue
		}
		if a.status != 200 || a.body != tt.body {
			t.Errorf("%q: %d %s, want %s", tt.request, a.status, a.body, tt.body)
		}
	}
}

func TestWrongMethodIsToldTheRightOnes(t *testing.T) {
	f := newFront(t, frontConfig{})
	for _, tt := range []struct{ method, path, allow string }{
		{"POST", "/v1/ping", "GET"},
		{"GET", "/v1/echo", "POST"},
		{"DELETE", "/v1/gate", "GET, PUT"},
		{"DELETE", "/v1/things/a", "GET"},
	} {
		if a := f.ask(request(tt.method, tt.path, "")); a.status != 405 || a.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow: %q, want %q", tt.method, tt.path, a.status, a.header.Get("Allow"), tt.allow)
		}
	}
}

func TestConnectionIsKept(t *testing.T) {
	f := newFront(t, frontConfig{})
	w := f.dial()
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/ping", "", 200},
		{"HEAD", "/v1/ping", "", 405}, // an answer without a body, after which the next is found
		{"GET", "/nowhere", "", 404},
		{"POST", "/v1/echo", "hello", 200},
		{"GET", "/v1/ping", "a", 413},
		{"GET", "/v1/ping", "", 200},
	} {
		w.send(request(tt.method, tt.path, tt.body))
		if a := w.answer(tt.method); a.status != tt.status || a.close {
			t.Errorf("%s %s: %d, closes %v", tt.method, tt.path, a.status, a.close)
		}
	}
	w.send(get("/v1/ping", "Connection: close"))
	if a := w.answer("GET"); a.status != 200 || !w.closed() {
		t.Error("the connection is kept against the client's wish")
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	f := newFront(t, frontConfig{})
	w, all := f.dial(), ""
	for i := range 50 {
		all += get(fmt.Sprint("/v1/things/", i)) + request("POST", "/v1/echo", fmt.Sprint("e", i))
	}
	w.send(all)
	for i := range 50 {
		thing, echo := w.answer("GET"), w.answer("POST")
		if thing.body != fmt.Sprintf(`"%d?"`, i) || echo.body != fmt.Sprint("e", i) {
			t.Fatalf("answers %d: %q and %q", i, thing.body, echo.body)
		}
	}
}

func TestShutdownBeforeServe(t *testing.T) {
	f := newFront(t, frontConfig{})
	l, err := service.Listen(f.dispatcher, service.ListenerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.Serve(); err != nil {
		t.Error(err)
	}
}

func TestSlowClientsAreLeft(t *testing.T) {
	const short = 50 * time.Millisecond
	huge := service.Route{Name: "huge", Method: "GET", Pattern: "/v1/huge", Handle: func(*loop.Task, *service.Request) (service.Response, error) {
		return service.Response{Body: make([]byte, 64<<20)}, nil
	}}
	f := newFront(t, frontConfig{listener: service.ListenerConfig{Read: short, Write: short, Idle: short}, routes: []service.Route{huge}})
	for _, part := range []string{"", "G", "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX", strings.TrimSuffix(request("POST", "/v1/echo", "hello"), "lo")} {
		w := f.dial()
		w.send(part)
		if a := w.answer("GET"); a.status != 408 || a.problem.Code != shop.CodeSlow || !w.closed() {
			t.Errorf("after %q: %d %s", part, a.status, a.body)
		}
	}
	idle := f.dial()
	idle.send(get("/v1/ping"))
	if a := idle.answer("GET"); a.status != 200 || !idle.closed() {
		t.Errorf("an idle connection: %d, or it is not closed", a.status)
	}
	deaf := f.dial()
	deaf.send(get("/v1/huge"))
	end(t, f) // waits for the connection of the deaf
}

// end ends the listener of a front, within the patience of a test.
func end(t *testing.T, f *front) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := f.listener.Shutdown(ctx); err != nil {
		t.Errorf("the listener does not end: %v", err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	f := newFront(t, frontConfig{listener: service.ListenerConfig{Connections: 1}})
	first := f.dial()
	first.send(get("/v1/ping"))
	if a := first.answer("GET"); a.status != 200 {
		t.Fatal(a.status)
	}
	second := f.dial()
	a := second.answer("GET")
	if a.status != 503 || a.problem.Code != shop.CodeOverloaded || a.header.Get("Retry-After") != "1" || !a.close || !second.closed() {
		t.Errorf("one too many: %d %+v, Retry-After %q, or it is not closed", a.status, a.problem, a.header.Get("Retry-After"))
	}
	first.send(get("/v1/ping"))
	if a := first.answer("GET"); a.status != 200 {
		t.Errorf("the first: %d", a.status)
	}
	_ = first.Close()
	for f.knock() != 200 { // until the listener has seen it go
	}
}

// A client must be able to tell work that was refused from work that was interrupted.
func TestWhatTheEndOfTheLoopInterruptsIsUnknown(t *testing.T) {
	never := service.Route{Name: "never", Method: "GET", Pattern: "/v1/never", Handle: func(t *loop.Task, _ *service.Request) (service.Response, error) {
		return service.Response{}, t.Shielded(func() error {
			_, err := loop.Await(t, loop.NewPromise[int](t.Loop(), "never"))
			return err
		})
	}}
	f := newFront(t, frontConfig{loop: loop.Config{Unwind: time.Millisecond}, routes: []service.Route{never}})
	interrupted, abandoned := f.dial(), f.dial()
	interrupted.send(get("/v1/gate"))
	abandoned.send(get("/v1/never"))
	for f.loop.State().Depths.Tasks != 2 {
		time.Sleep(time.Millisecond)
	}
	f.loop.Close()
	for name, w := range map[string]*wire{"interrupted": interrupted, "abandoned": abandoned} {
		if a := w.answer("GET"); a.status != 504 || a.problem.Code != shop.CodeUnknown {
			t.Errorf("%s: %d %+v", name, a.status, a.problem)
		}
	}
	if a := f.ask(get("/v1/ping")); a.status != 503 || a.problem.Code != shop.CodeClosing || a.header.Get("Retry-After") == "" {
		t.Errorf("refused: %d %+v", a.status, a.problem)
	}
	if n := f.dispatcher.Held(); n != 0 {
		t.Errorf("%d bytes are still held", n)
	}
}
