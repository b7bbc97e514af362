package service_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// A callee is a server that talks no better than a test wants it to.
type callee struct {
	listener net.Listener
	lock     sync.Mutex
	conns    []net.Conn
	attempts []string // the Attempt headers of the requests it got
}

// newCallee starts a server that calls serve for every connection.
func newCallee(t *testing.T, serve func(*callee, net.Conn)) *callee {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &callee{listener: l}
	t.Cleanup(func() { _ = l.Close(); c.hangUp() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.lock.Lock()
			c.conns = append(c.conns, conn)
			c.lock.Unlock()
			go serve(c, conn)
		}
	}()
	return c
}

// hangUp closes all connections.
func (c *callee) hangUp() {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// awaitConnection returns when a call has reached the callee.
func (c *callee) awaitConnection(t *loop.Task) {
	for accepted := 0; accepted == 0; {
		c.lock.Lock()
		accepted = len(c.conns)
		c.lock.Unlock()
		_ = t.Sleep(time.Millisecond)
	}
}

// says answers every request of a connection with a text, and then goes on or hangs up.
func says(text string, goesOn bool) func(*callee, net.Conn) {
	return func(c *callee, conn net.Conn) {
		defer func() { _ = conn.Close() }()
		for r := bufio.NewReader(conn); ; {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			c.lock.Lock()
			c.attempts = append(c.attempts, request.Header.Get(shop.HeaderAttempt))
			c.lock.Unlock()
			if _, err := io.WriteString(conn, text); err != nil || !goesOn {
				return
			}
		}
	}
}

func silent(_ *callee, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// client makes a client of a callee.
func client(t testing.TB, rt *service.Runtime, addr string, h service.HTTPConfig, c service.ClientConfig) *service.Client {
	t.Helper()
	h.Downstream, h.URL = "bank", "http://"+addr
	tr, err := service.NewHTTPTransport(rt, h)
	if err != nil {
		t.Fatal(err)
	}
	c.Downstream, c.Transport = "bank", tr
	return service.NewClient(rt, c)
}

var charge = service.Call{Name: "charge", Method: "POST", Path: "/v1/charges?a=b", Body: []byte(`{"a":1}`)}

func TestBrokenAnswersLeaveTheOutcomeOpen(t *testing.T) {
	for name, serve := range map[string]func(*callee, net.Conn){
		"hangs up":        says("", false),
		"half an answer":  says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false),
		"half a header":   says("HTTP/1.1 200 OK\r\nContent-Le", false),
		"nonsense":        says("hello\r\n\r\n", false),
		"too much":        says("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", true),
		"silence":         silent,
		"a broken length": says("HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n", false),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCallee(t, serve)
			servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
				timeout := patience
				if name == "silence" {
					timeout = 50 * time.Millisecond
				}
				call := charge
				reply, err := client(t, rt, c.listener.Addr().String(), service.HTTPConfig{}, service.ClientConfig{Timeout: timeout}).Do(task, &call)
				e, ok := errors.AsType[*service.CallError](err)
				if !ok || !e.Sent || e.Attempts != 1 {
					t.Errorf("%+v, %v", reply, err)
				}
				if late := errors.Is(err, context.DeadlineExceeded); late != (name == "silence") {
					t.Errorf("%v: a timeout: %v", err, late)
				}
			})
		})
	}
}

func TestRefusedConnectionIsNotSent(t *testing.T) {
	c := newCallee(t, silent)
	_ = c.listener.Close()
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		call := charge
		_, err := client(t, rt, c.listener.Addr().String(), service.HTTPConfig{}, service.ClientConfig{}).Do(task, &call)
		if e, ok := errors.AsType[*service.CallError](err); !ok || e.Sent || e.Attempts != 3 {
			t.Errorf("%+v", err)
		}
	})
}

func TestCallsThatWaitForTheirTurnAreNotSent(t *testing.T) {
	c := newCallee(t, silent)
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		one := service.ClientConfig{Timeout: patience, Retry: resilience.RetryConfig{Attempts: 1}}
		bank := client(t, rt, c.listener.Addr().String(), service.HTTPConfig{InFlight: 1, Queue: 1}, one)
		ask := func(t *loop.Task) (struct{}, error) {
			call := charge
			_, err := bank.Do(t, &call)
			return struct{}{}, err
		}
		ctx, leave := context.WithCancel(task.Context())
		running := loop.Async(ctx, task.Loop(), "running", ask)
		waiting := loop.Async(ctx, task.Loop(), "waiting", ask)
		_, err := ask(task)
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.Bulkhead || service.MayHaveHappened(err) {
			t.Errorf("one too many: %v", err)
		}
		// The first has begun when its goroutine runs, which a callee hears of.
		c.awaitConnection(task)
		leave()
		for name, p := range map[string]*loop.Promise[struct{}]{"running": running, "waiting": waiting} {
			_, err := loop.Await(task, p)
			e, ok := errors.AsType[*service.CallError](err)
			if !ok || e.Sent != (name == "running") || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %+v", name, err)
			}
		}
		c.hangUp()
	})
}

// A call for which there was no place says nothing of the callee, which has not heard of it.
func TestCallsWithoutAPlaceAreNotSlow(t *testing.T) {
	c := newCallee(t, silent)
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		slow := resilience.SlowConfig{Above: 1} // whatever takes any time
		bank := client(t, rt, c.listener.Addr().String(), service.HTTPConfig{InFlight: 1, Queue: 1}, service.ClientConfig{Timeout: patience, Slow: slow})
		ask := func(t *loop.Task) (struct{}, error) {
			call := charge
			_, err := bank.Do(t, &call)
			return struct{}{}, err
		}
		ctx, leave := context.WithCancel(task.Context())
		running := loop.Async(ctx, task.Loop(), "running", ask)
		waiting := loop.Async(ctx, task.Loop(), "waiting", ask)
		for range 20 {
			_, err := ask(task)
			if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.Bulkhead {
				t.Errorf("one too many: %v", err)
			}
		}
		c.awaitConnection(task)
		leave()
		_, _ = loop.Await(task, running)
		_, _ = loop.Await(task, waiting)
		c.hangUp()
	})
}

// After a restart of the callee every connection that was kept is stale; only the first call
// may find that out.
func TestStaleConnectionsCostOneAttempt(t *testing.T) {
	const kept = 8
	c := newCallee(t, says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}", true))
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		bank := client(t, rt, c.listener.Addr().String(), service.HTTPConfig{InFlight: kept}, service.ClientConfig{Timeout: patience})
		ask := func(t *loop.Task) (int, error) {
			call := charge
			call.Repeatable = true
			reply, err := bank.Do(t, &call)
			if err != nil {
				return 0, err
			}
			return reply.Status, nil
		}
		var all []*loop.Promise[int]
		for range kept {
			all = append(all, loop.Async(task.Context(), task.Loop(), "caller", ask))
		}
		if _, err := loop.Await(task, loop.All(task.Loop(), "all", all...)); err != nil {
			t.Fatal(err)
		}
		c.hangUp()
		for range 3 {
			if status, err := ask(task); status != 200 {
				t.Errorf("after the restart: %d, %v", status, err)
			}
		}
	})
	for i, attempt := range c.attempts[kept:] {
		if attempt != "1" && (attempt != "2" || i > 0) {
			t.Errorf("call %d after the restart needed %s attempts", i+1, attempt)
		}
	}
}

func TestCallsReachAListener(t *testing.T) {
	f := newFront(t, frontConfig{dispatcher: service.DispatcherConfig{Token: "secret"}, routes: []service.Route{{
		Name: "late", Method: "GET", Pattern: "/v1/late",
		Handle: func(*loop.Task, *service.Request) (service.Response, error) {
			return service.Response{}, &shop.Error{Code: shop.CodeOutOfStock, Pointer: "/lines/0", RetryAfter: 3 * time.Second}
		},
	}}})
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		bank := client(t, rt, f.listener.Addr().String(), service.HTTPConfig{}, service.ClientConfig{Token: "secret", Timeout: patience})
		got, err := service.Fetch[string](task, bank, &service.Call{Name: "thing", Method: "GET", Path: "/v1/things/a%20b?c=d"})
		if err != nil || got != "a b?c=d" {
			t.Errorf("%q, %v", got, err)
		}
		_, err = service.Fetch[string](task, bank, &service.Call{Name: "late", Method: "GET", Path: "/v1/late"})
		e, _ := errors.AsType[*shop.Error](err)
		if e == nil || e.Code != shop.CodeOutOfStock || e.Pointer != "/lines/0" || e.RetryAfter != 3*time.Second {
			t.Errorf("%+v", err)
		}
		stranger := client(t, rt, f.listener.Addr().String(), service.HTTPConfig{}, service.ClientConfig{Timeout: patience})
		if _, err = service.Fetch[string](task, stranger, &service.Call{Name: "ping", Method: "GET", Path: "/v1/ping"}); shop.CodeOf(err) != shop.CodeUnauthenticated {
			t.Errorf("without the token: %v", err)
		}
	})
}

func TestAddressesOfCalleesAreChecked(t *testing.T) {
	servicetest.OnLoop(t, func(_ *loop.Task, rt *service.Runtime) {
		for url, ok := range map[string]bool{
			"http://127.0.0.1:80": true, "http://bank:8080/": true,
			"": false, "bank:80": false, "http://bank": false, "https://bank:80": false, "http://bank:80/v1": false, "http://[::1": false,
		} {
			if _, err := service.NewHTTPTransport(rt, service.HTTPConfig{Downstream: "bank", URL: url}); (err == nil) != ok {
				t.Errorf("%q: %v", url, err)
			}
		}
	})
}
