package service

import (
	"log/slog"
	"testing"

	"github.com/valyala/fasthttp"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// BenchmarkRefusal is what a request costs whose mailbox is full, without the network.
func BenchmarkRefusal(b *testing.B) {
	l := loop.New(loop.Config{Name: "full", Mailbox: 1})
	registry := telemetry.NewRegistry("full")
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: "full"})
	if err != nil {
		b.Fatal(err)
	}
	rt := &Runtime{Name: "full", Loop: l, Log: slog.New(slog.DiscardHandler), Metrics: registry, Protections: resilience.NewRegistry(registry), Tracing: tracing}
	never := func(*loop.Task, *Request) (Response, error) { return Response{}, nil }
	d := NewDispatcher(rt, Service{Routes: []Route{{Name: "products", Method: "GET", Pattern: "/v1/products", Handle: never}}}, DispatcherConfig{})
	listener, err := Listen(d, ListenerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	for l.Post("filler", func() {}) == nil {
	}
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.Header.SetMethod("GET")
	ctx.Request.SetRequestURI("/v1/products?limit=20")
	for b.Loop() {
		ctx.Response.Reset()
		listener.handle(ctx)
	}
	if ctx.Response.StatusCode() != 503 {
		b.Fatal(ctx.Response.StatusCode())
	}
}
