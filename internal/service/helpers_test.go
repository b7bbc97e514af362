package service_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// patience bounds what a test over sockets waits for; only a failure takes as long.
const patience = 10 * time.Second

// A text is written by several goroutines.
type text struct {
	lock sync.Mutex
	b    bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.lock.Lock()
	defer x.lock.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.lock.Lock()
	defer x.lock.Unlock()
	return x.b.String()
}

// A front is a service that answers over sockets, in real time.
type front struct {
	t          testing.TB
	loop       *loop.Loop
	runtime    *service.Runtime
	dispatcher *service.Dispatcher
	listener   *service.Listener
	metrics    *prometheus.Registry
	log        text
	gate       chan struct{} // what the routes of a front wait for, until open
	opened     sync.Once
}

// frontConfig says how a front works.
type frontConfig struct {
	loop       loop.Config
	dispatcher service.DispatcherConfig
	listener   service.ListenerConfig
	routes     []service.Route // beside the usual
	exporter   sdktrace.SpanExporter
}

func newFront(t testing.TB, c frontConfig) *front {
	t.Helper()
	if c.loop.Grace == 0 {
		c.loop.Grace = -1
	}
	f := &front{t: t, metrics: prometheus.NewRegistry(), gate: make(chan struct{}), loop: loop.New(c.loop)}
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: "front", Exporter: c.exporter})
	if err != nil {
		t.Fatal(err)
	}
	f.runtime = &service.Runtime{
		Name: "front", Loop: f.loop, Random: rand.New(rand.NewPCG(1, 2)), Log: slog.New(slog.NewTextHandler(&f.log, nil)),
		Metrics: f.metrics, Protections: resilience.NewRegistry(f.metrics), Tracing: tracing,
	}
	f.dispatcher = service.NewDispatcher(f.runtime, service.Service{Routes: append(f.routes(), c.routes...)}, c.dispatcher)
	c.listener.Addr = "127.0.0.1:0"
	if f.listener, err = service.Listen(f.dispatcher, c.listener); err != nil {
		t.Fatal(err)
	}
	f.run()
	return f
}

func (f *front) run() {
	go func() { _ = f.loop.Run(nil) }() // tests that abandon tasks look at the answers
	served := make(chan error, 1)
	go func() { served <- f.listener.Serve() }()
	f.t.Cleanup(func() {
		f.open()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := f.listener.Shutdown(ctx); err != nil {
			f.t.Errorf("the listener does not end: %v", err)
		}
		if err := <-served; err != nil {
			f.t.Errorf("the listener ended with %v", err)
		}
		f.loop.Close()
		<-f.loop.Done()
	})
}

// open lets everything through the gate.
func (f *front) open() { f.opened.Do(func() { close(f.gate) }) }

func (f *front) routes() []service.Route {
	gate := func(t *loop.Task, _ *service.Request) (service.Response, error) {
		_, err := loop.Offload(t, loop.Goroutines{}, func(ctx context.Context) (struct{}, error) {
			select {
			case <-f.gate:
			case <-ctx.Done():
			}
			return struct{}{}, context.Cause(ctx)
		})
		if err != nil {
			return service.Response{}, err
		}
		return service.JSON(200, "through")
	}
	return []service.Route{
		{Name: "ping", Method: "GET", Pattern: "/v1/ping", Handle: func(*loop.Task, *service.Request) (service.Response, error) {
			return service.JSON(200, "pong")
		}},
		{Name: "thing", Method: "GET", Pattern: "/v1/things/{id}", Handle: func(_ *loop.Task, r *service.Request) (service.Response, error) {
			return service.JSON(200, r.Param("id")+"?"+r.RawQuery)
		}},
		{Name: "echo", Method: "POST", Pattern: "/v1/echo", MaxBody: 16, Handle: func(_ *loop.Task, r *service.Request) (service.Response, error) {
			return service.Response{Body: r.Body, ContentType: "text/plain"}, nil
		}},
		{Name: "gate", Method: "GET", Pattern: "/v1/gate", Importance: resilience.Critical, Timeout: patience, Handle: gate},
		{Name: "gate-batch", Method: "PUT", Pattern: "/v1/gate", Importance: resilience.Batch, Handle: gate},
	}
}

// block holds the loop until the gate is open, and returns when it does.
func (f *front) block() {
	f.t.Helper()
	blocked := make(chan struct{})
	if err := f.loop.Post("block", func() { close(blocked); <-f.gate }); err != nil {
		f.t.Fatal(err)
	}
	<-blocked
}

// dial opens a connection to the front.
func (f *front) dial() *wire { return dial(f.t, f.listener.Addr().String()) }

// ask sends one request on a connection of its own.
func (f *front) ask(request string) answer {
	f.t.Helper()
	w := f.dial()
	w.send(request)
	return w.answer("GET")
}

// knock is ask for a door that may be full, and returns the status alone, 0 for no answer.
func (f *front) knock() int {
	f.t.Helper()
	w := f.dial()
	defer func() { _ = w.Close() }()
	_, _ = io.WriteString(w, get("/v1/ping", "Connection: close"))
	r, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return 0
	}
	_ = r.Body.Close()
	return r.StatusCode
}

// exposition is what the metrics of the front say.
func (f *front) exposition() string {
	f.t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	var b strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			f.t.Fatal(err)
		}
	}
	return b.String()
}

// sumOf is the sum of all series of a counter or gauge.
func sumOf(t testing.TB, g prometheus.Gatherer, name string) (sum float64) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// A wire is a connection on which a test says what it likes.
type wire struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func dial(t testing.TB, addr string) *wire {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{c, t, bufio.NewReader(c)}
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

// answer reads the answer to a request of a method.
func (w *wire) answer(method string) answer {
	w.t.Helper()
	r, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatalf("half an answer: %v", err)
	}
	a := answer{status: r.StatusCode, header: r.Header, body: string(body), close: r.Close}
	if r.Header.Get("Content-Type") == service.ContentProblem && len(body) > 0 {
		if err := json.Unmarshal(body, &a.problem); err != nil {
			w.t.Errorf("%s is no problem: %v", body, err)
		}
	}
	return a
}

// closed says whether the other side has closed the connection, for which it waits.
func (w *wire) closed() bool {
	_, err := w.r.ReadByte()
	timeout, ok := errors.AsType[net.Error](err)
	return err != nil && !(ok && timeout.Timeout())
}

// An answer is what came back over a wire.
type answer struct {
	status  int
	header  http.Header
	body    string
	close   bool
	problem shop.Problem
}

// get makes a request without a body.
func get(path string, headers ...string) string { return request("GET", path, "", headers...) }

func request(method, path, body string, headers ...string) string {
	r := method + " " + path + " HTTP/1.1\r\nHost: front\r\n"
	if body != "" {
		headers = append(headers, "Content-Length: "+strconv.Itoa(len(body)))
	}
	for _, h := range headers {
		r += h + "\r\n"
	}
	return r + "\r\n" + body
}
