package service

import (
	"bufio"
	"log/slog"
	"strings"
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
	text := "GET /v1/products?limit=20 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n" +
		"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ\r\nAttempt: 1\r\n\r\n"
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(text))); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ctx.Response.Reset()
		listener.handle(ctx)
	}
	if ctx.Response.StatusCode() != 503 {
		b.Fatal(ctx.Response.StatusCode())
	}
}
