package tracestore_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"brownout/internal/tracestore"
)

// The time from which the tests count, in milliseconds.
var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func ms(n int) time.Time { return zero.Add(time.Duration(n) * time.Millisecond) }

func small(t *testing.T, c tracestore.Config) *tracestore.Store {
	t.Helper()
	s, err := tracestore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Bodies are made of parts, one a service, and those of spans.
func body(parts ...*tracepb.ResourceSpans) []byte {
	b, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: parts})
	if err != nil {
		panic(err)
	}
	return b
}

func part(service string, spans ...*tracepb.Span) *tracepb.ResourceSpans {
	return &tracepb.ResourceSpans{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{keyValue("service.name", service)}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}
}

func keyValue(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// span is one of a trace; a parent of 0 is none. Its times are in milliseconds.
func span(trace, id, parent, from, to int, name string, more ...func(*tracepb.Span)) *tracepb.Span {
	s := &tracepb.Span{
		TraceId: traceID(trace), SpanId: spanID(id), Name: name,
		StartTimeUnixNano: uint64(ms(from).UnixNano()), EndTimeUnixNano: uint64(ms(to).UnixNano()),
	}
	if parent != 0 {
		s.ParentSpanId = spanID(parent)
	}
	for _, add := range more {
		add(s)
	}
	return s
}

func traceID(n int) []byte {
	return binary.BigEndian.AppendUint64(bytes.Repeat([]byte{0xab}, 8), uint64(n))
}

func spanID(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// id is a trace's id as the store gives it.
func id(n int) string { return hex.EncodeToString(traceID(n)) }

func withAttribute(key, value string) func(*tracepb.Span) {
	return func(s *tracepb.Span) { s.Attributes = append(s.Attributes, keyValue(key, value)) }
}

func event(name string, at int) func(*tracepb.Span) {
	return func(s *tracepb.Span) {
		s.Events = append(s.Events, &tracepb.Span_Event{Name: name, TimeUnixNano: uint64(ms(at).UnixNano())})
	}
}

func failed(message string) func(*tracepb.Span) {
	return func(s *tracepb.Span) {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: message}
	}
}

// link leads to span 9 of another trace.
func link(trace int) func(*tracepb.Span) {
	return func(s *tracepb.Span) {
		s.Links = append(s.Links, &tracepb.Span_Link{TraceId: traceID(trace), SpanId: spanID(9)})
	}
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func request(b []byte, encoding string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/x-protobuf")
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	return r
}

func do(s *tracestore.Store, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// post sends a body that is taken, and returns how many spans of it were not.
func post(t *testing.T, s *tracestore.Store, b []byte) (rejected int64) {
	t.Helper()
	w := do(s, request(b, ""))
	var answer collectorpb.ExportTraceServiceResponse
	if err := proto.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, answer %q: %v", w.Code, w.Body, err)
	}
	return answer.GetPartialSuccess().GetRejectedSpans()
}

// expectTraces wants traces with these numbers, in any order if there are several.
func expectTraces(t *testing.T, found []tracestore.Trace, want ...int) {
	t.Helper()
	have := map[string]bool{}
	for _, trace := range found {
		have[trace.ID] = true
	}
	missing := len(found) != len(want)
	for _, n := range want {
		missing = missing || !have[id(n)]
	}
	if missing {
		t.Errorf("traces %v, want %v", have, want)
	}
}

// expectWithinBounds holds what a store says of itself against what it has. The bounds are
// those that the fuzz targets give it.
func expectWithinBounds(t *testing.T, s *tracestore.Store) {
	t.Helper()
	stats, spans := s.Stats(), 0
	all := s.Search(tracestore.Filter{Limit: 1000})
	for _, trace := range all {
		spans += len(trace.Spans)
		if len(trace.Spans) == 0 || len(trace.Spans) > 3 {
			t.Errorf("a trace of %d spans", len(trace.Spans))
		}
		if got, ok := s.Get(trace.ID); !ok || got.ID != trace.ID {
			t.Errorf("Get %q: %v", trace.ID, ok)
		}
	}
	if stats.Traces != len(all) || stats.Spans != spans || len(all) > 3 || stats.Bytes > 10_000 || (stats.Bytes == 0) != (len(all) == 0) {
		t.Errorf("stats %+v, but %d traces with %d spans", stats, len(all), spans)
	}
}
