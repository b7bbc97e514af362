package telemetry_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"brownout/internal/telemetry"
)

func BenchmarkUnsampledRequest(b *testing.B) {
	tr, err := telemetry.NewTracing(telemetry.TracingConfig{Exporter: nowhere{}})
	if err != nil {
		b.Fatal(err)
	}
	times := momentsOf()
	b.ReportAllocs()
	for b.Loop() {
		request(tr, times)
	}
}

func BenchmarkKeptRequest(b *testing.B) {
	tr, err := telemetry.NewTracing(telemetry.TracingConfig{Exporter: nowhere{}, Slow: time.Nanosecond})
	if err != nil {
		b.Fatal(err)
	}
	times := momentsOf()
	b.ReportAllocs()
	for b.Loop() {
		request(tr, times)
	}
}

// moments are those of a request, with readings of the monotonic clock in them.
type moments [6]time.Time

func momentsOf() (m moments) {
	began := time.Now()
	for i := range m {
		m[i] = began.Add(time.Duration(i) * ms)
	}
	return m
}

// request is an unsampled request with three notes.
func request(tr *telemetry.Tracing, m moments) {
	x := tr.Start(unsampled, "checkout", m[0])
	x.Wait("mailbox", m[0], m[1])
	x.Work("loop", m[1], m[2])
	x.Work("loop", m[3], m[4])
	x.End(m[5], 200, nil)
}

// nowhere is an exporter that drops what it gets.
type nowhere struct{ sdktrace.SpanExporter }

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }

func BenchmarkTurnEnd(b *testing.B) {
	m, stats := telemetry.NewLoopMetrics(prometheus.NewRegistry()), busyTurn()
	b.ReportAllocs()
	for b.Loop() {
		m.TurnEnd(stats)
	}
}

func BenchmarkLoopDelay(b *testing.B) {
	m := telemetry.NewLoopMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.LoopDelay(ms)
	}
}

func BenchmarkJobDone(b *testing.B) {
	m := telemetry.NewPoolMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.JobDone("hash", ms, ms)
	}
}

func BenchmarkHTTPObserve(b *testing.B) {
	m := telemetry.NewHTTPMetrics(prometheus.NewRegistry(), []string{"checkout"})
	b.ReportAllocs()
	for b.Loop() {
		m.Observe("checkout", 200, ms)
	}
}

func BenchmarkClientObserve(b *testing.B) {
	m := telemetry.NewClientMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.Observe("inventory", "hold", 1, "ok", ms)
	}
}

// BenchmarkLook is what a look costs a service with as many series as the gateway, without the network: at its page, and at
// what the library would show of the same.
func BenchmarkLook(b *testing.B) {
	reg := telemetry.NewRegistry("gateway")
	var routes []string
	for i := range 24 {
		routes = append(routes, "route "+strconv.Itoa(i))
	}
	requests, calls, jobs := telemetry.NewHTTPMetrics(reg, routes), telemetry.NewClientMetrics(reg), telemetry.NewPoolMetrics(reg)
	turns := telemetry.NewLoopMetrics(reg)
	for i := range 1000 {
		d := time.Duration(i) * ms
		requests.Observe(routes[i%len(routes)], 200, d)
		calls.Observe("redis", "script "+strconv.Itoa(i%32), 1, "ok", d)
		jobs.JobDone("hash", d, d)
		turns.LoopDelay(d)
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{{"page", reg.Handler()}, {"library", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})}} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept", openMetrics)
			b.ReportAllocs()
			for b.Loop() {
				c.handler.ServeHTTP(blind{http.Header{}}, r)
			}
		})
	}
}

// A blind asker forgets what it is answered.
type blind struct{ header http.Header }

func (b blind) Header() http.Header       { return b.header }
func (blind) Write(p []byte) (int, error) { return len(p), nil }
func (blind) WriteHeader(int)             {}

func BenchmarkLogLeftOut(b *testing.B) {
	l := telemetry.NewLogger(io.Discard, "gateway", slog.LevelInfo)
	b.ReportAllocs()
	for b.Loop() {
		l.Info("request failed")
	}
}
