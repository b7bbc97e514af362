package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
	"brownout/services/gateway"
	gatewaymemory "brownout/services/gateway/memstore"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
	inventorymemory "brownout/services/inventory/memstore"
)

// The contestants. Those that answer with products give the same bytes.
const (
	bareNetHTTP  = "net/http, bare"
	bareFastHTTP = "fasthttp, bare"
	stack        = "the stack"
	unseen       = "the stack, unseen"
	fullTracing  = "the stack, every trace kept"
	bareRefusal  = "fasthttp, bare 503"
	refusal      = "the stack, full"
)

// serve is a contestant until the process is killed. Its first line says where it is.
func serve(contestant string) error {
	switch contestant {
	case bareNetHTTP:
		return serveNetHTTP()
	case bareFastHTTP:
		return serveFastHTTP(http.StatusOK, products())
	case bareRefusal:
		return serveFastHTTP(http.StatusServiceUnavailable, service.Problem(service.AsError(loop.ErrFull), "").Body)
	case stack:
		return serveStack(0.01, false)
	case unseen:
		return serveStack(0, true)
	case fullTracing:
		return serveStack(1, false)
	case refusal:
		return serveFull()
	}
	return fmt.Errorf("there is no contestant %q", contestant)
}

// products is the answer of the stack: a page of the catalogue.
func products() []byte {
	const page = 20
	all := inventory.Catalogue(2 * page)
	body, err := json.Marshal(shop.ProductPage{Products: all[:page], Next: all[page-1].ID})
	if err != nil {
		panic(err) // it is ours
	}
	return body
}

func listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(l.Addr())
	}
	return l, err
}

func serveNetHTTP() error {
	l, err := listen()
	if err != nil {
		return err
	}
	body := products()
	length := strconv.Itoa(len(body))
	metrics := telemetry.NewHTTPMetrics(telemetry.NewRegistry("bare"), []string{"products"})
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		began := time.Now()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
		metrics.Observe("products", http.StatusOK, time.Since(began))
	})}
	return server.Serve(l)
}

func serveFastHTTP(status int, body []byte) error {
	l, err := listen()
	if err != nil {
		return err
	}
	metrics := telemetry.NewHTTPMetrics(telemetry.NewRegistry("bare"), []string{"products"})
	server := &fasthttp.Server{ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: time.Minute, NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
		began := time.Now()
		ctx.SetStatusCode(status)
		ctx.SetContentType("application/json")
		ctx.Response.SetBodyRaw(body)
		if status != http.StatusOK {
			ctx.Response.Header.Set("Retry-After", "1")
		}
		metrics.Observe("products", status, time.Since(began))
	}}
	return server.Serve(l)
}

// serveStack is a gateway whose inventory is on the same loop: it is asked once in two
// seconds, for the catalogue's cache. Ratio is that of traces; of one that is unseen there are
// none, and no metrics.
func serveStack(ratio float64, unseen bool) error {
	collector, err := collect()
	if err != nil {
		return err
	}
	out, in := io.Pipe()
	go announce(out)
	return service.Serve(context.Background(), service.HostConfig{
		Name:    "gateway",
		Addr:    "127.0.0.1:0",
		Admin:   service.AdminConfig{Addr: "127.0.0.1:0"},
		Tracing: telemetry.TracingConfig{Ratio: ratio, Endpoint: collector},
		Unseen:  unseen,
		Ready:   in,
		Level:   slog.LevelError,
		Build:   buildGateway,
	})
}

func buildGateway(rt *service.Runtime) (service.Service, error) {
	beside := *rt
	beside.Metrics, beside.Tracing, beside.Protections = nil, nil, resilience.NewRegistry(nil)
	store := inventorymemory.New(service.NewMemory(&beside))
	stock := inventory.New(&beside, inventory.Config{Store: store, Products: inventory.Catalogue(100)})
	d := service.NewDispatcher(&beside, stock, service.DispatcherConfig{})
	d.StartBackground(context.Background())
	_, key, err := ed25519.GenerateKey(nil)
	client := service.ClientConfig{Downstream: "inventory", Transport: service.Direct(d)}
	return gateway.New(rt, gateway.Config{
		Store:      gatewaymemory.New(service.NewMemory(rt)),
		Inventory:  upstream.NewInventory(rt, client),
		Payments:   upstream.NewPayments(rt, service.ClientConfig{Downstream: "payments", Transport: client.Transport}),
		SigningKey: key,
	}), err
}

// serveFull is a service whose loop is blocked and whose mailbox is full.
func serveFull() error {
	l := loop.New(loop.Config{Name: "full", Mailbox: 1})
	registry := telemetry.NewRegistry("full")
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: "full"})
	if err != nil {
		return err
	}
	rt := &service.Runtime{Name: "full", Loop: l, Log: slog.New(slog.DiscardHandler), Metrics: registry, Protections: resilience.NewRegistry(registry), Tracing: tracing}
	never := func(*loop.Task, *service.Request) (service.Response, error) { return service.Response{}, nil }
	d := service.NewDispatcher(rt, service.Service{Routes: []service.Route{{Name: "products", Method: "GET", Pattern: "/v1/products", Handle: never}}}, service.DispatcherConfig{})
	listener, err := service.Listen(d, service.ListenerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	for l.Post("filler", func() {}) == nil {
	}
	fmt.Println(listener.Addr())
	return listener.Serve() // the loop never runs
}
