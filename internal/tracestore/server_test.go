package tracestore_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"brownout/internal/telemetry"
	"brownout/internal/tracestore"
)

func serve(t *testing.T, s *tracestore.Store) string {
	t.Helper()
	server, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return server.URL()
}

// The exporter of the OpenTelemetry SDK, as it is.
func TestTheExporterOfTheSDK(t *testing.T) {
	for name, compression := range map[string]otlptracehttp.Compression{"plain": otlptracehttp.NoCompression, "gzip": otlptracehttp.GzipCompression} {
		t.Run(name, func(t *testing.T) {
			s := small(t, tracestore.Config{})
			exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(serve(t, s)+"/v1/traces"), otlptracehttp.WithCompression(compression))
			if err != nil {
				t.Fatal(err)
			}
			provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter),
				sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "gateway"))))
			tracer := provider.Tracer("test")
			ctx, root := tracer.Start(t.Context(), "checkout", trace.WithTimestamp(ms(0)))
			_, child := tracer.Start(ctx, "call payments", trace.WithTimestamp(ms(1)), trace.WithAttributes(
				attribute.Int("attempt", 2), attribute.StringSlice("tags", []string{"a", "b"})))
			child.AddEvent("retry", trace.WithTimestamp(ms(2)))
			child.SetStatus(codes.Error, "refused")
			child.End(trace.WithTimestamp(ms(3)))
			root.End(trace.WithTimestamp(ms(4)))
			if err := provider.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, ok := s.Get(root.SpanContext().TraceID().String())
			if !ok || len(got.Spans) != 2 || got.Root().Name != "checkout" || got.Duration() != 4*time.Millisecond {
				t.Fatalf("trace %+v", got)
			}
			call := got.Spans[1]
			if call.Parent != got.Root().ID || call.Service != "gateway" || call.Error != "refused" || !call.Start.Equal(ms(1)) ||
				!maps.Equal(call.Attributes, map[string]string{"attempt": "2", "tags": "[a, b]"}) ||
				len(call.Events) != 1 || call.Events[0].Name != "retry" {
				t.Errorf("span %+v", call)
			}
		})
	}
}

// What services send of a request that failed: what waited, what worked, what was called.
func TestTheTracesOfServices(t *testing.T) {
	s := small(t, tracestore.Config{})
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: "gateway", Endpoint: serve(t, s)})
	if err != nil {
		t.Fatal(err)
	}
	request := tracing.Start("", "checkout", ms(0))
	request.Wait("mailbox", ms(0), ms(3))
	request.Work("loop", ms(3), ms(5))
	call := request.Call(telemetry.HTTPPeer("payments", ""), telemetry.Operation{Name: "authorise", Method: "POST"}, ms(5))
	call.End(ms(9), telemetry.Result{Left: ms(5), Err: errors.New("timeout"), Type: "timeout"})
	request.Hit("http.hang", ms(9))
	request.End(ms(10), 503, errors.New("payments did not answer"))
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := s.Slowest(1, tracestore.Filter{Name: "checkout", Failed: true, Attributes: map[string]string{"http.response.status_code": "503"}})
	if len(found) != 1 || found[0].ID != request.ID() {
		t.Fatalf("found %+v", found)
	}
	var names []string
	for _, s := range found[0].Spans {
		names = append(names, s.Name)
	}
	if want := []string{"checkout", "wait mailbox", "work loop", "call payments: authorise"}; !slices.Equal(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
	root := found[0].Root()
	if root.Error != "payments did not answer" || len(root.Events) != 1 || root.Events[0].Name != "fault" || found[0].Spans[3].Error != "timeout" {
		t.Errorf("trace %+v", found[0])
	}
}

func TestOnlyThisMachineIsListenedTo(t *testing.T) {
	s := small(t, tracestore.Config{})
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "127.0.0.1", "x:y:z"} {
		if server, err := s.Listen(addr); err == nil {
			_ = server.Close()
			t.Errorf("%s is listened to", addr)
		}
	}
}

func TestAClosedServerAnswersNobody(t *testing.T) {
	s := small(t, tracestore.Config{})
	server, err := s.Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("it answers")
	}
}
