package telemetry_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"brownout/internal/loop"
	"brownout/internal/telemetry"
)

const ms = time.Millisecond

var update = flag.Bool("update", false, "write the golden files anew")

// The caller in tests is the one of the standard's examples.
const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "b7ad6b7169203331"
	sampled      = "00-" + callersTrace + "-" + callersSpan + "-01"
	unsampled    = "00-" + callersTrace + "-" + callersSpan + "-00"
)

// nobody is a peer of whom nothing is known.
var nobody = telemetry.HTTPPeer("nobody", "")

// start is when all requests of the tests arrive.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) time.Time { return start().Add(d) }

// tracing returns a tracing that is seeded, and the exporter that it fills.
func tracing(t testing.TB, c telemetry.TracingConfig) (*telemetry.Tracing, *tracetest.InMemoryExporter) {
	exporter := tracetest.NewInMemoryExporter()
	c.Service, c.Exporter = "gateway", exporter
	if c.Random == nil {
		c.Random = rand.New(rand.NewPCG(1, 2))
	}
	tr, err := telemetry.NewTracing(c)
	if err != nil {
		t.Fatal(err)
	}
	return tr, exporter
}

func TestKeptTraceIsATreeOfWaitsWorkAndCalls(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{})
	x := tr.Start(sampled, "checkout", at(0))
	x.Is(telemetry.HTTPRequest{Method: "POST", Route: "/v1/orders/{id}", Path: "/v1/orders/" + strings.Repeat("7", 5000)})
	x.Wait("mailbox", at(0), at(2*ms))
	turn := loop.LongTurn{Name: "hash", Phase: loop.Poll, Age: ms, Stack: "goroutine 7"}
	x.KeptBy(telemetry.SeenTurn{LongTurn: turn, At: at(ms), Ended: at(time.Hour)}, at(-ms), at(2*ms))
	x.Work("loop", at(2*ms), at(3*ms))
	inventory, redis := telemetry.HTTPPeer("inventory", "10.0.0.7:8082"), telemetry.RedisPeer("redis", "10.0.0.8:6379")
	hold := telemetry.Operation{Name: "hold", Method: "POST", Path: "/v1/holds?secret=1", Attempt: 1}
	first := x.Call(inventory, hold, at(3*ms))
	first.End(at(9*ms), telemetry.Result{Left: at(5 * ms), Answered: at(8 * ms), Status: 503, Err: errors.New("status 503"), Type: "503"})
	x.Event("retry", at(9*ms), nil)
	x.Hit("http.error", at(9*ms))
	hold.Attempt++
	second := x.Call(inventory, hold, at(10*ms))
	second.End(at(14*ms), telemetry.Result{Left: at(10*ms + 99*time.Microsecond), Answered: at(14*ms - 99*time.Microsecond), Status: 200})
	x.Call(redis, telemetry.Operation{Name: "begin"}, at(14*ms)).End(at(16*ms), telemetry.Result{Err: errors.New("too late"), Type: "not-sent"})
	x.Wait("pool", at(14*ms), at(20*ms))
	x.Work("pool", at(20*ms), at(25*ms))
	x.Call(telemetry.HTTPPeer("payments", ""), telemetry.Operation{Name: "authorise", Method: "BREW", Path: "/"}, at(25*ms))
	x.End(at(40*ms), 504, context.DeadlineExceeded)
	golden(t, "trace.txt", tree(exporter.GetSpans()))
}

// tree draws spans that have one root, children in the order of their beginning.
func tree(spans tracetest.SpanStubs) string {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var b strings.Builder
	root := slices.IndexFunc(spans, func(s tracetest.SpanStub) bool { return s.SpanKind == trace.SpanKindServer })
	line(&b, "", spans[root])
	for _, e := range spans[root].Events {
		fmt.Fprintf(&b, "  * %s %v", e.Name, e.Time.Sub(start()))
		attributes(&b, e.Attributes)
		b.WriteString("\n")
	}
	for _, s := range spans {
		if s.Parent.SpanID() == spans[root].SpanContext.SpanID() {
			line(&b, "  ", s)
		}
	}
	return b.String()
}

func line(b *strings.Builder, indent string, s tracetest.SpanStub) {
	fmt.Fprintf(b, "%s%s %v..%v [%s] trace=%s span=%s parent=%s", indent, s.Name, s.StartTime.Sub(start()), s.EndTime.Sub(start()),
		s.SpanKind, s.SpanContext.TraceID(), s.SpanContext.SpanID(), s.Parent.SpanID())
	attributes(b, s.Attributes)
	if s.Status.Code != 0 {
		fmt.Fprintf(b, " status=%v(%s)", s.Status.Code, s.Status.Description)
	}
	b.WriteString("\n")
}

// attributes writes them, long ones with their length.
func attributes(b *strings.Builder, all []attribute.KeyValue) {
	for _, a := range all {
		text := a.Value.String()
		if len(text) > 100 {
			text = fmt.Sprintf("%.20s...(%d)", text, len(text))
		}
		fmt.Fprintf(b, " %s=%s", a.Key, text)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWhichTracesAreKept(t *testing.T) {
	failed := errors.New("no")
	for _, c := range []struct {
		name   string
		config telemetry.TracingConfig
		parent string
		took   time.Duration
		status int
		err    error
		want   string // why it is kept
	}{
		{"fast and fine", telemetry.TracingConfig{}, "", 499 * ms, 200, nil, ""},
		{"slow", telemetry.TracingConfig{}, "", 500 * ms, 200, nil, "slow"},
		{"not so slow", telemetry.TracingConfig{Slow: time.Second}, "", 999 * ms, 200, nil, ""},
		{"slow is no reason", telemetry.TracingConfig{Slow: -1}, "", time.Hour, 200, nil, ""},
		{"failed", telemetry.TracingConfig{}, "", ms, 503, failed, "failed"},
		{"the client's mistake", telemetry.TracingConfig{}, "", ms, 404, failed, ""},
		{"sampled here", telemetry.TracingConfig{Ratio: 1}, "", ms, 200, nil, "sampled"},
		{"sampled by the caller", telemetry.TracingConfig{}, sampled, ms, 200, nil, "sampled"},
		{"not sampled by the caller", telemetry.TracingConfig{Ratio: 1}, unsampled, ms, 200, nil, ""},
		{"malformed caller", telemetry.TracingConfig{}, sampled[1:], ms, 200, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, exporter := tracing(t, c.config)
			tr.Start(c.parent, "checkout", at(0)).End(at(c.took), c.status, c.err)
			if got := reasons(exporter); got != c.want {
				t.Errorf("kept %q, want %q", got, c.want)
			}
		})
	}
}

// reasons tells why traces were kept.
func reasons(exporter *tracetest.InMemoryExporter) string {
	var all []string
	for _, s := range exporter.GetSpans() {
		set := attribute.NewSet(s.Attributes...)
		if v, ok := set.Value("brownout.kept"); ok {
			all = append(all, v.AsString())
		}
	}
	return strings.Join(all, " ")
}

// What a client does of its own accord is no request to it: its span is that of nobody's server.
func TestTraceThatBeginsHere(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{Ratio: 1})
	x := tr.Begin("checkout", at(0))
	call := x.Call(telemetry.HTTPPeer("gateway", "10.0.0.1:8080"), telemetry.Operation{Name: "checkout"}, at(0))
	call.End(at(ms), telemetry.Result{Left: at(0), Status: 201})
	x.End(at(ms), 201, nil)
	client, root := exporter.GetSpans()[0], exporter.GetSpans()[1]
	if root.SpanKind != trace.SpanKindInternal || root.Parent.IsValid() || len(root.Attributes) != 1 || client.SpanKind != trace.SpanKindClient ||
		client.Parent.SpanID() != root.SpanContext.SpanID() {
		t.Errorf("root %+v, call %+v", root, client)
	}
}

func TestTraceBelongsToTheCallers(t *testing.T) {
	tr, _ := tracing(t, telemetry.TracingConfig{})
	x := tr.Start(sampled, "checkout", at(0))
	if x.ID() != callersTrace || !x.Sampled() {
		t.Errorf("trace %s, sampled %v", x.ID(), x.Sampled())
	}
	c := x.Call(telemetry.HTTPPeer("inventory", ""), telemetry.Operation{Name: "hold"}, at(ms))
	if got := c.Traceparent(); !strings.HasPrefix(got, "00-"+callersTrace+"-") || !strings.HasSuffix(got, "-01") {
		t.Errorf("traceparent %s", got)
	}
	callee := tr.Start(c.Traceparent(), "hold", at(2*ms))
	if callee.ID() != callersTrace || !callee.Sampled() {
		t.Errorf("callee's trace %s, sampled %v", callee.ID(), callee.Sampled())
	}
}

func TestMalformedParentBeginsANewTrace(t *testing.T) {
	tr, _ := tracing(t, telemetry.TracingConfig{})
	for _, header := range []string{"", "x", sampled[:54], sampled + "-00", "ff" + sampled[2:], strings.ToUpper(sampled)} {
		if id := tr.Start(header, "checkout", at(0)).ID(); len(id) != 32 || id == callersTrace {
			t.Errorf("%q: trace %s", header, id)
		}
	}
}

func TestRatioIsDecidedAsOpenTelemetryDoes(t *testing.T) {
	for _, ratio := range []float64{0, .001, .25, .9, 1} {
		tr, _ := tracing(t, telemetry.TracingConfig{Ratio: ratio})
		want := sdktrace.TraceIDRatioBased(ratio)
		for range 2000 {
			x := tr.Start("", "checkout", at(0))
			id, err := trace.TraceIDFromHex(x.ID())
			if err != nil {
				t.Fatal(err)
			}
			decision := want.ShouldSample(sdktrace.SamplingParameters{TraceID: id}).Decision
			if x.Sampled() != (decision == sdktrace.RecordAndSample) {
				t.Fatalf("ratio %v, trace %s: sampled %v", ratio, x.ID(), x.Sampled())
			}
		}
	}
}

func TestSameSeedSameIDs(t *testing.T) {
	ids := func() (all []string) {
		tr, _ := tracing(t, telemetry.TracingConfig{Random: rand.New(rand.NewPCG(7, 7))})
		for range 100 {
			x := tr.Start("", "checkout", at(0))
			all = append(all, x.ID(), x.Call(nobody, telemetry.Operation{}, at(0)).Traceparent())
			x.End(at(ms), 200, nil)
		}
		return all
	}
	first := ids()
	if !slices.Equal(first, ids()) {
		t.Error("two runs differ")
	}
	slices.Sort(first)
	if n := len(slices.Compact(first)); n != 200 {
		t.Errorf("%d different ids, want 200", n)
	}
}

func TestNotesAreBounded(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{})
	x := tr.Start(sampled, "checkout", at(0))
	for range 128 {
		x.Work("loop", at(0), at(ms))
	}
	x.Event("one too many", at(ms), nil)
	x.Call(nobody, telemetry.Operation{}, at(ms)).End(at(2*ms), telemetry.Result{})
	x.End(at(2*ms), 200, nil)
	spans := exporter.GetSpans()
	root := attribute.NewSet(spans[len(spans)-1].Attributes...)
	if lost, _ := root.Value("brownout.lost_entries"); len(spans) != 129 || lost.AsInt64() != 2 {
		t.Errorf("%d spans and %d lost, want 129 and 2", len(spans), lost.AsInt64())
	}
}

// A path may be anything; spans with what is no text could not be sent, nor all others of their batch.
func TestTextsAreTexts(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{})
	x := tr.Start(sampled, "checkout", at(0))
	x.Is(telemetry.HTTPRequest{Method: "GET", Path: "/\xff" + strings.Repeat("ü", 3000)})
	x.Event("refused", at(0), said("no\xfe"))
	x.End(at(ms), 400, errors.New("\xfd is no path"))
	root := exporter.GetSpans()[0]
	for _, a := range append(root.Attributes, root.Events[0].Attributes...) {
		if text := a.Value.String(); !utf8.ValidString(text) || len(text) > 4096 || text == "" {
			t.Errorf("%s has %d bytes: %.20q", a.Key, len(text), text)
		}
	}
}

// Said is a detail.
type said string

func (s said) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("said", string(s))}
}

func TestNothingIsNotedAfterTheEnd(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{})
	stale := tr.Start(sampled, "stale", at(0))
	call := stale.Call(nobody, telemetry.Operation{}, at(0))
	stale.End(at(ms), 200, nil)
	next := tr.Start(sampled, "next", at(0)) // uses the same record again
	exporter.Reset()
	stale.Work("pool", at(0), at(ms))
	stale.Event("late", at(ms), nil)
	stale.Call(nobody, telemetry.Operation{}, at(ms)).End(at(ms), telemetry.Result{})
	call.End(at(ms), telemetry.Result{Err: errors.New("late")})
	stale.End(at(ms), 500, nil)
	if n := len(exporter.GetSpans()); n != 0 {
		t.Errorf("the second end exported %d spans", n)
	}
	next.End(at(ms), 200, nil)
	if spans := exporter.GetSpans(); len(spans) != 1 || spans[0].Name != "next" || len(spans[0].Events) != 0 {
		t.Errorf("got %v", spans)
	}
}

func TestNotesMayComeFromAnywhereAtAnyTime(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{Random: rand.New(rand.NewPCG(1, 1))})
	var late sync.WaitGroup
	for range 4 {
		late.Go(func() {
			for i := range 200 {
				header, name := []string{sampled, unsampled}[i%2], fmt.Sprint("request ", i%2)
				x := tr.Start(header, name, at(0))
				c := x.Call(nobody, telemetry.Operation{Name: name}, at(0))
				late.Go(func() { x.Work(name, at(0), at(ms)) })
				late.Go(func() { c.End(at(ms), telemetry.Result{Left: at(0)}) })
				late.Go(func() { x.End(at(ms), 200, nil) })
			}
		})
	}
	late.Wait()
	roots := 0
	for _, s := range exporter.GetSpans() {
		if s.SpanKind == trace.SpanKindServer {
			roots++
		}
		if !strings.HasSuffix(s.Name, "request 0") {
			t.Fatalf("a note of another request: %s", s.Name)
		}
	}
	if roots != 400 {
		t.Errorf("%d traces kept, want 400", roots)
	}
}

func TestNilTakesNoNotes(t *testing.T) {
	var tr *telemetry.Tracing
	x := tr.Start(sampled, "checkout", at(0))
	x.Wait("a", at(0), at(0))
	x.Work("a", at(0), at(0))
	x.Queued("a", at(0), at(ms))
	x.Event("a", at(0), nil)
	x.Hit("a", at(0))
	x.Is(telemetry.HTTPRequest{})
	c := x.Call(nobody, telemetry.Operation{}, at(0))
	c.End(at(0), telemetry.Result{})
	x.End(at(0), 500, nil)
	tr.Register(nil)
	if x != nil || tr.Receive(telemetry.Message{}, at(0)) != nil || tr.Begin("a", at(0)) != nil || c.Link() != "" || x.ID() != "" || x.Sampled() || c.Traceparent() != "" || tr.Flush(t.Context()) != nil || tr.Shutdown(t.Context()) != nil {
		t.Error("nil is not nothing")
	}
}

func TestContextCarriesTheTrace(t *testing.T) {
	tr, _ := tracing(t, telemetry.TracingConfig{})
	x := tr.Start("", "checkout", at(0))
	ctx := telemetry.NewContext(t.Context(), x)
	if telemetry.FromContext(ctx) != x || ctx.Value(telemetry.ContextKey) != x {
		t.Error("the trace is not found")
	}
	if telemetry.FromContext(t.Context()) != nil {
		t.Error("a trace is found where none is")
	}
}

func TestWithoutExporterRequestsHaveIDs(t *testing.T) {
	tr, err := telemetry.NewTracing(telemetry.TracingConfig{Ratio: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := tr.Start("", "checkout", at(0))
	c := x.Call(nobody, telemetry.Operation{}, at(0))
	if len(x.ID()) != 32 || len(c.Traceparent()) != 55 || !x.Sampled() {
		t.Errorf("id %q, traceparent %q, sampled %v", x.ID(), c.Traceparent(), x.Sampled())
	}
	c.End(at(0), telemetry.Result{})
	x.End(at(0), 500, nil)
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTracingRefusesWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		config telemetry.TracingConfig
		want   string
	}{
		{telemetry.TracingConfig{Ratio: -.1}, "telemetry: Ratio: -0.1 is not from 0 to 1"},
		{telemetry.TracingConfig{Ratio: 2}, "telemetry: Ratio: 2 is not from 0 to 1"},
		{telemetry.TracingConfig{Endpoint: "localhost:4318"}, `telemetry: Endpoint: "localhost:4318" is not an http or https URL`},
		{telemetry.TracingConfig{Endpoint: "http://"}, `telemetry: Endpoint: "http://" is not an http or https URL`},
	} {
		if _, err := telemetry.NewTracing(c.config); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
