package tracestore_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"brownout/internal/tracestore"
)

func TestATraceOfThreeServices(t *testing.T) {
	s := small(t, tracestore.Config{})
	post(t, s, body(part("payments", span(1, 30, 21, 32, 58, "authorise"), span(1, 31, 30, 33, 40, "wait pool"))))
	post(t, s, body(
		part("inventory", span(1, 40, 20, 12, 18, "hold")),
		part("gateway",
			span(1, 21, 10, 30, 60, "call payments: authorise", failed("timeout")),
			span(1, 20, 10, 10, 20, "call inventory: hold"),
			span(1, 10, 9, 0, 100, "checkout", withAttribute("http.response.status_code", "504"), event("retry", 60)),
			span(1, 11, 10, 0, 5, "wait mailbox")),
	))
	got, ok := s.Get(id(1))
	if !ok {
		t.Fatal("no trace")
	}
	var names []string
	for _, s := range got.Spans {
		names = append(names, s.Service+" "+s.Name)
	}
	want := []string{"gateway checkout", "gateway wait mailbox", "gateway call inventory: hold", "inventory hold",
		"gateway call payments: authorise", "payments authorise", "payments wait pool"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
	root := tracestore.Span{
		ID: "000000000000000a", Parent: "0000000000000009", Service: "gateway", Name: "checkout", Start: ms(0), End: ms(100),
		Attributes: map[string]string{"http.response.status_code": "504"}, Events: []tracestore.Event{{Name: "retry", At: ms(60)}},
	}
	if !reflect.DeepEqual(got.Root(), root) {
		t.Errorf("root %+v, want %+v", got.Root(), root)
	}
	if got.Spans[4].Error != "timeout" || !got.Failed() || got.Duration() != 100_000_000 {
		t.Errorf("trace %+v", got)
	}
}

func TestTheRootIsThereThoughItBeganAfterAnother(t *testing.T) {
	s := small(t, tracestore.Config{})
	post(t, s, body(part("a", span(1, 2, 1, 0, 50, "child"), span(1, 1, 0, 10, 60, "root"), span(1, 3, 4, 20, 60, "in a circle"), span(1, 4, 3, 20, 60, "as well"))))
	if got, _ := s.Get(id(1)); got.Root().Name != "root" || len(got.Spans) != 4 || got.Spans[1].Name != "child" {
		t.Errorf("trace %+v", got)
	}
	post(t, s, body(part("a", span(2, 3, 4, 20, 60, "circle"), span(2, 4, 3, 20, 60, "circle"))))
	if got, _ := s.Get(id(2)); len(got.Spans) != 2 {
		t.Errorf("circle %+v", got)
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	good := body(part("a", span(1, 1, 0, 0, 1, "x")))
	change := func(change func(*tracepb.Span)) *http.Request {
		return request(body(part("a", span(1, 1, 0, 0, 1, "good"), span(1, 2, 0, 0, 1, "bad", change))), "")
	}
	header := func(key, value string) *http.Request {
		r := request(good, "")
		r.Header.Set(key, value)
		return r
	}
	huge := body(part("a", span(1, 1, 0, 0, 1, strings.Repeat("x", 4<<20))))
	var many []*tracepb.Span
	for i := range 20_001 {
		many = append(many, span(1, i+1, 0, 0, 1, "x"))
	}
	torn := request(nil, "")
	torn.Body = io.NopCloser(io.MultiReader(bytes.NewReader(good), iotest.ErrReader(io.ErrUnexpectedEOF)))
	get := request(nil, "")
	get.Method = http.MethodGet
	other := request(good, "")
	other.URL.Path = "/v1/metrics"
	tests := []struct {
		name    string
		request *http.Request
		status  int
		want    string
	}{
		{"method", get, 405, ""},
		{"path", other, 404, ""},
		{"content type", header("Content-Type", "application/json"), 415, "content type"},
		{"no content type", header("Content-Type", ""), 415, "content type"},
		{"encoding", header("Content-Encoding", "br"), 415, "content encoding"},
		{"no protobuf", request([]byte("hello"), ""), 400, "proto"},
		{"cut short", request(good[:len(good)-3], ""), 400, "proto"},
		{"connection torn", torn, 400, "unexpected EOF"},
		{"no gzip", request(good, "gzip"), 400, "gzip"},
		{"gzip cut short", request(packed(good)[:20], "gzip"), 400, "EOF"},
		{"too large", request(huge, ""), 413, "4194304"},
		{"too large when unpacked", request(packed(huge), "gzip"), 413, "4194304"},
		{"too large when packed only", request(bytes.Repeat(packed(nil), 200_000), "gzip"), 413, "4194304"},
		{"too many spans", request(body(part("a", many...)), ""), 413, "20000 spans"},
		{"no trace id", change(func(s *tracepb.Span) { s.TraceId = nil }), 400, "span 1: trace_id"},
		{"trace id of zeros", change(func(s *tracepb.Span) { s.TraceId = make([]byte, 16) }), 400, "span 1: trace_id"},
		{"short span id", change(func(s *tracepb.Span) { s.SpanId = []byte{1} }), 400, "span 1: span_id"},
		{"long parent", change(func(s *tracepb.Span) { s.ParentSpanId = make([]byte, 9) }), 400, "span 1: parent_span_id"},
		{"no start", change(func(s *tracepb.Span) { s.StartTimeUnixNano = 0 }), 400, "span 1: start"},
		{"far start", change(func(s *tracepb.Span) { s.StartTimeUnixNano = 1 << 63 }), 400, "span 1: start"},
		{"backwards", change(func(s *tracepb.Span) { s.EndTimeUnixNano = s.StartTimeUnixNano - 1 }), 400, "span 1: end"},
		{"nested", change(func(s *tracepb.Span) { s.Attributes = []*commonpb.KeyValue{nested(100)} }), 400, "recursion"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := small(t, tracestore.Config{})
			w := do(s, tt.request)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %q", w.Code, tt.status, w.Body)
			}
			var answer statuspb.Status
			if tt.want != "" {
				if err := proto.Unmarshal(w.Body.Bytes(), &answer); err != nil || !strings.Contains(answer.GetMessage(), tt.want) || s.Stats().Refused != 1 {
					t.Errorf("message %q (%v), stats %+v, want %q", answer.GetMessage(), err, s.Stats(), tt.want)
				}
			}
			if stats := s.Stats(); stats.Traces != 0 || stats.Taken != 0 {
				t.Errorf("something was taken: %+v", stats)
			}
		})
	}
}

func nested(depth int) *commonpb.KeyValue {
	v := &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "x"}}
	for range depth {
		v = &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{v}}}}
	}
	return &commonpb.KeyValue{Key: "nested", Value: v}
}

func TestOneBodyTooManyAtATime(t *testing.T) {
	s := small(t, tracestore.Config{})
	good := body(part("a", span(1, 1, 0, 0, 1, "x")))
	var writers []*io.PipeWriter
	answers := make(chan int)
	for range 8 {
		r, w := io.Pipe()
		writers = append(writers, w)
		slow := request(nil, "")
		slow.Body = r
		go func() { answers <- do(s, slow).Code }()
		if _, err := w.Write(good[:1]); err != nil { // so it is being read
			t.Fatal(err)
		}
	}
	if w := do(s, request(good, "")); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", w.Code)
	}
	for _, w := range writers {
		_, _ = w.Write(good[1:])
		_ = w.Close()
		if status := <-answers; status != http.StatusOK {
			t.Errorf("status %d, want 200", status)
		}
	}
	post(t, s, good)
}

func TestAttributesOfEveryKind(t *testing.T) {
	s := small(t, tracestore.Config{})
	list := &commonpb.KeyValue{Key: "list", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{
		Values: []*commonpb.AnyValue{
			{Value: &commonpb.AnyValue_IntValue{IntValue: -5}}, {Value: &commonpb.AnyValue_BoolValue{BoolValue: true}},
			{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 0.5}}, {Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte{1, 255}}}, {},
			{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{keyValue("k", "v"), keyValue("l", "w")}}}},
		},
	}}}}
	post(t, s, body(part("a", span(1, 1, 0, 0, 1, "x", func(s *tracepb.Span) { s.Attributes = append(s.Attributes, list) }))))
	got, _ := s.Get(id(1))
	if want := "[-5, true, 0.5, 01ff, , {k: v, l: w}]"; got.Root().Attributes["list"] != want {
		t.Errorf("list %q, want %q", got.Root().Attributes["list"], want)
	}
}

func TestWhatIsTooMuchOfASpanIsDropped(t *testing.T) {
	s := small(t, tracestore.Config{})
	var more []func(*tracepb.Span)
	for i := range 40 {
		more = append(more, withAttribute(fmt.Sprint("key", i), "x"))
	}
	for i := range 130 {
		more = append(more, event("tick", i))
	}
	long := strings.Repeat("x", 1023) + "ü"
	more = append(more, failed(long), func(s *tracepb.Span) { s.DroppedEventsCount = 3 })
	post(t, s, body(part("a", span(1, 1, 0, 0, 1, "x", more...))))
	got, _ := s.Get(id(1))
	root := got.Root()
	if len(root.Attributes) != 32 || len(root.Events) != 128 || root.Dropped != 8+2+3 || root.Error != long[:1023] {
		t.Errorf("%d attributes, %d events, %d dropped, error of %d bytes", len(root.Attributes), len(root.Events), root.Dropped, len(root.Error))
	}
}

func FuzzReceive(f *testing.F) {
	good := body(part("a", span(1, 1, 0, 0, 1, "x", withAttribute("k", "v"), event("e", 1), failed("y"))), part("b", span(1, 2, 1, 0, 1, "y"), span(2, 3, 0, 0, 1, "z")))
	f.Add(good, false)
	f.Add(packed(good), true)
	f.Add(packed(good)[:15], true)
	f.Add([]byte{0x0a, 0x02, 0x12, 0x00}, false)
	f.Fuzz(func(t *testing.T, b []byte, zip bool) {
		encoding := ""
		if zip {
			encoding = "gzip"
		}
		s := small(t, tracestore.Config{MaxTraces: 3, MaxBytes: 10_000, MaxSpans: 3})
		for range 2 { // the second time all of it is known
			w := do(s, request(b, encoding))
			if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusRequestEntityTooLarge {
				t.Fatalf("status %d", w.Code)
			}
			if stats := s.Stats(); w.Code != http.StatusOK && (stats.Traces > 0 || stats.Refused == 0) {
				t.Fatalf("status %d, stats %+v", w.Code, stats)
			}
			expectWithinBounds(t, s)
		}
	})
}
