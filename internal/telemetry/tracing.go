package telemetry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// DefaultSlow is how long a request may take before its trace is kept for that.
const DefaultSlow = 500 * time.Millisecond

// What waits on its way to the collector is bounded, and dropped and counted beyond.
const (
	maxKept       = 1024            // traces that wait to be made into spans
	maxSpans      = 8192            // spans that wait to be sent
	exportTimeout = 5 * time.Second // for one batch of spans
)

// TracingConfig says which traces are kept, and where they go. With the zero value
// requests have ids, and nothing is kept.
type TracingConfig struct {
	// Service is the name of the service in its traces.
	Service string
	// Ratio is the share, from 0 to 1, of the traces begun here that are sampled:
	// kept whatever becomes of them, here and downstream.
	Ratio float64
	// Endpoint is where spans are sent with OTLP over HTTP, such as
	// "http://localhost:4318"; /v1/traces is added unless it is there, as to
	// OTEL_EXPORTER_OTLP_ENDPOINT. "" means nowhere.
	Endpoint string
	// Slow is the duration from which on a trace is kept though it is not sampled;
	// 0 means DefaultSlow, less than 0 never.
	Slow time.Duration
	// Random makes the ids; nil means the runtime's own source. Only the tracing
	// may use it from now on.
	Random *rand.Rand
	// Exporter, if any, is used in place of Endpoint. It gets each span at once, on
	// the goroutine that ends the trace: it is for tests and simulations.
	Exporter sdktrace.SpanExporter
}

// check returns what is wrong with a configuration.
func (c TracingConfig) check() error {
	if math.IsNaN(c.Ratio) || c.Ratio < 0 || c.Ratio > 1 {
		return fmt.Errorf("telemetry: Ratio: %v is not from 0 to 1", c.Ratio)
	}
	if _, err := c.endpoint(); err != nil {
		return fmt.Errorf("telemetry: Endpoint: %w", err)
	}
	return nil
}

// endpoint returns the URL to send spans to, "" for none.
func (c TracingConfig) endpoint() (string, error) {
	if c.Endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is not an http or https URL", c.Endpoint)
	}
	if !strings.HasSuffix(u.Path, "/v1/traces") {
		u = u.JoinPath("v1", "traces")
	}
	return u.String(), nil
}

// Tracing starts the traces of a service, and sends away those that are kept. A nil
// Tracing starts none. Any goroutine may call its methods.
type Tracing struct {
	slow    time.Duration
	sample  sampler
	ids     idSource
	records sync.Pool // of *record
	sink    *sink     // nil if nothing is kept
	keeper  *keeper   // nil if spans are made where the trace ends
	failed  *failures
}

// NewTracing makes the tracing of a service. It fails if the configuration makes no
// sense; a collector that cannot be reached is no failure. End it with Shutdown.
func NewTracing(c TracingConfig) (*Tracing, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Slow == 0 {
		c.Slow = DefaultSlow
	}
	tr := &Tracing{slow: c.Slow, sample: newSampler(c.Ratio), ids: idSource{random: c.Random}, failed: &failures{}}
	tr.records.New = func() any { return &record{tracing: tr} }
	if err := tr.export(c); err != nil {
		return nil, fmt.Errorf("telemetry: traces: %w", err)
	}
	return tr, nil
}

// export decides where spans go.
func (tr *Tracing) export(c TracingConfig) error {
	of, err := resourceOf(c.Service)
	if err != nil {
		return err
	}
	if c.Exporter != nil {
		tr.sink = newSink(of, sdktrace.NewSimpleSpanProcessor(c.Exporter))
		return nil
	}
	endpoint, err := c.endpoint()
	if endpoint == "" {
		return err
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint),
		otlptracehttp.WithTimeout(exportTimeout), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))
	if err != nil {
		return err
	}
	tr.failed.SpanExporter = exporter
	tr.sink = newSink(of, sdktrace.NewBatchSpanProcessor(tr.failed, sdktrace.WithMaxQueueSize(maxSpans), sdktrace.WithExportTimeout(exportTimeout)))
	tr.keeper = startKeeper(tr.sink)
	return nil
}

// Start begins the trace of a request that arrived at a time. Name is that of its
// span: a constant, such as a route's. A traceparent that is well formed (W3C Trace
// Context, level 1) makes it a part of the caller's trace, sampled if that is; any
// other begins a new one.
func (tr *Tracing) Start(traceparent, name string, at time.Time) *Trace {
	if tr == nil {
		return nil
	}
	r := tr.records.Get().(*record)
	t := r.handle()
	if p, ok := parseTraceparent(traceparent); ok {
		t.id, r.parent, t.sampled = p.trace, p.span, p.sampled
	} else {
		t.id = tr.ids.traceID()
		t.sampled = tr.sample.root(t.id)
	}
	t.span, r.kind = tr.ids.spanID(), trace.SpanKindServer
	r.begin(t, name, at)
	return t
}

// Begin begins a trace that nobody else has begun, of what is done of one's own accord from a time on,
// as clients do. Its span has that name, a constant.
func (tr *Tracing) Begin(name string, at time.Time) *Trace {
	t := tr.Start("", name, at)
	if t != nil {
		t.record.kind = trace.SpanKindInternal
	}
	return t
}

// Unkept returns the id, as 32 hexadecimal digits, of a trace of which nothing is to be
// kept, though it may fail: a request for which there is no room costs least so. It says
// no if the trace is sampled, and so to be begun with Start.
func (tr *Tracing) Unkept(traceparent string) (id [32]byte, ok bool) {
	if tr == nil {
		return id, false
	}
	p, ok := parseTraceparent(traceparent)
	if !ok {
		p.trace = tr.ids.traceID()
		p.sampled = tr.sample.root(p.trace)
	}
	hex.Encode(id[:], p.trace[:])
	return id, !p.sampled
}

// keep sends a record on its way to the exporter, and releases it after that. It says whether
// there was room.
func (tr *Tracing) keep(r *record) bool {
	if tr.keeper == nil {
		r.emit(tr.sink)
		r.release()
		return true
	}
	if !tr.keeper.take(r) {
		r.release()
		return false
	}
	return true
}

// Flush sends the spans that are ready to be sent. It may block until ctx is done.
func (tr *Tracing) Flush(ctx context.Context) error {
	if tr == nil || tr.sink == nil {
		return nil
	}
	return tr.sink.flush(ctx)
}

// Shutdown sends what is left, within ctx. The error tells of spans that were not
// delivered, then or before. Traces that end later are dropped.
func (tr *Tracing) Shutdown(ctx context.Context) error {
	if tr == nil || tr.sink == nil {
		return nil
	}
	err := tr.keeper.stop(ctx)
	return errors.Join(err, tr.sink.close(ctx), tr.failed.err())
}

// Register has the numbers of traces kept and lost collected. A nil Tracing or
// registerer does nothing.
func (tr *Tracing) Register(reg prometheus.Registerer) {
	if tr == nil || reg == nil {
		return
	}
	count(reg, "brownout_traces_kept_total", "Traces that were queued to be sent.", tr.keeper.accepted)
	count(reg, "brownout_traces_lost_total", "Traces that were dropped because the queue was full, or closed.", tr.keeper.refused)
	count(reg, "brownout_trace_spans_failed_total", "Spans that the collector did not take.", tr.failed.count)
}

func count(reg prometheus.Registerer, name, help string, value func() float64) {
	register(reg, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}
