package telemetry_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"brownout/internal/telemetry"
)

func TestSpansGoToTheCollector(t *testing.T) {
	var posts atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/traces" {
			posts.Add(1)
		}
	}))
	defer collector.Close()
	reg := prometheus.NewRegistry()
	tr := endpoint(t, collector.URL)
	tr.Register(reg)
	tr.Start(sampled, "checkout", at(0)).End(at(ms), 200, nil)
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if posts.Load() != 1 {
		t.Errorf("%d posts, want 1", posts.Load())
	}
	tr.Start(sampled, "checkout", at(0)).End(at(ms), 200, nil) // after the end
	expect(t, reg, "brownout_traces_kept_total", 1)
	expect(t, reg, "brownout_traces_lost_total", 1)
	expect(t, reg, "brownout_trace_spans_failed_total", 0)
}

// What was counted as kept while the tracing ended was sent, and all else was counted as lost.
func TestTracesThatEndWhileTheTracingDoes(t *testing.T) {
	var sent atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var batch collectorpb.ExportTraceServiceRequest
		if err := errors.Join(err, proto.Unmarshal(body, &batch)); err != nil {
			t.Error(err)
		}
		for _, part := range batch.GetResourceSpans() {
			for _, scope := range part.GetScopeSpans() {
				sent.Add(int64(len(scope.GetSpans())))
			}
		}
	}))
	defer collector.Close()
	reg := prometheus.NewRegistry()
	tr := endpoint(t, collector.URL)
	tr.Register(reg)
	const hands, each = 8, 100 // less than the queue has room for
	var begun, ended sync.WaitGroup
	begun.Add(hands)
	for range hands {
		ended.Go(func() {
			for i := range each {
				tr.Start(sampled, "checkout", at(0)).End(at(ms), 200, nil)
				if i == 0 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended.Wait()
	expect(t, reg, "brownout_traces_kept_total", float64(sent.Load()))
	expect(t, reg, "brownout_traces_lost_total", float64(hands*each-sent.Load()))
}

// An endpoint is the base of a collector's URLs, as the environment variable of OpenTelemetry is, or the
// one for traces.
func TestEndpointsOfACollector(t *testing.T) {
	for _, c := range []struct{ endpoint, want string }{
		{"", "/v1/traces"}, {"/", "/v1/traces"}, {"/v1/traces", "/v1/traces"}, {"/behind/a/proxy", "/behind/a/proxy/v1/traces"},
	} {
		var path atomic.Value
		collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path.Store(r.URL.Path) }))
		tr := endpoint(t, collector.URL+c.endpoint)
		tr.Start(sampled, "checkout", at(0)).End(at(ms), 200, nil)
		if err := tr.Shutdown(t.Context()); err != nil || path.Load() != c.want {
			t.Errorf("%q: sent to %v, want %s: %v", c.endpoint, path.Load(), c.want, err)
		}
		collector.Close()
	}
}

func TestSpansThatWereNotDeliveredAreCounted(t *testing.T) {
	collector := httptest.NewServer(http.NotFoundHandler())
	defer collector.Close()
	reg := prometheus.NewRegistry()
	tr := endpoint(t, collector.URL)
	tr.Register(reg)
	x := tr.Start(sampled, "checkout", at(0))
	x.Work("loop", at(0), at(ms))
	x.End(at(ms), 200, nil)
	if err := tr.Shutdown(t.Context()); err == nil {
		t.Error("nobody is told")
	}
	expect(t, reg, "brownout_trace_spans_failed_total", 2)
}

func endpoint(t *testing.T, url string) *telemetry.Tracing {
	t.Helper()
	tr, err := telemetry.NewTracing(telemetry.TracingConfig{Service: "gateway", Endpoint: url})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}
