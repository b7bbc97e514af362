package tracestore_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"brownout/internal/tracestore"
)

func TestAnImportHasWhatTheExportHad(t *testing.T) {
	from := small(t, tracestore.Config{MaxSpans: 3})
	for i := range 5 {
		post(t, from, body(
			part("gateway", span(i, 1, 0, 0, 100, "checkout", withAttribute("status", "503"), event("hold", 5), failed("late"), link(99))),
			part("payments", span(i, 2, 1, 10, 90, "authorise"), span(i, 3, 2, 20, 30, "wait pool"), span(i, 4, 2, 30, 40, "work pool")),
		))
	}
	var file bytes.Buffer
	if err := from.Export(&file); err != nil {
		t.Fatal(err)
	}
	to := small(t, tracestore.Config{})
	if err := to.Import(bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	want, got := from.Search(tracestore.Filter{}), to.Search(tracestore.Filter{})
	if len(want) != 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("imported %+v, want %+v", got, want)
	}
	if got[0].Dropped != 1 || got[0].Spans[0].Error != "late" {
		t.Errorf("imported %+v", got[0])
	}
}

func TestAnImportStaysWithinBounds(t *testing.T) {
	from, to := small(t, tracestore.Config{}), small(t, tracestore.Config{MaxTraces: 2})
	for i := range 5 {
		post(t, from, body(part("gateway", span(i, 1, 0, 0, 100, "checkout"))))
	}
	var file bytes.Buffer
	if err := from.Export(&file); err != nil {
		t.Fatal(err)
	}
	if err := to.Import(&file); err != nil {
		t.Fatal(err)
	}
	expectTraces(t, to.Search(tracestore.Filter{}), 3, 4)
}

// What a store has cut is within what an import may have.
func TestWhatWasCutIsImported(t *testing.T) {
	long := strings.Repeat("x", 2000)
	with := []func(*tracepb.Span){failed(long)}
	for i := range 200 {
		with = append(with, withAttribute(fmt.Sprint(i, long), long), event(long, i), link(i))
	}
	from, to := small(t, tracestore.Config{}), small(t, tracestore.Config{})
	post(t, from, body(part(long, span(1, 1, 0, 0, 100, long, with...))))
	var file bytes.Buffer
	if err := from.Export(&file); err != nil {
		t.Fatal(err)
	}
	if err := to.Import(&file); err != nil {
		t.Fatal(err)
	}
	expectTraces(t, to.Search(tracestore.Filter{}), 1)
}

func TestImportsThatAreRefused(t *testing.T) {
	const (
		good = `{"id":"ID","spans":[{"id":"0000000000000001","service":"a","name":"b","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:01Z"}]}`
		zero = `"service":"a","name":"b","start":"2026-01-01T00:00:01Z","end":"2026-01-01T00:00:01Z"}]}`
	)
	long := strings.Repeat("x", 1025)
	more := func(member string) string { return strings.Replace(good, `"start"`, member+`,"start"`, 1) }
	many := func(n int, format string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ",")
	}
	tests := []struct {
		name, line, want string
	}{
		{"no JSON", "x", "invalid character"},
		{"unknown member", `{"id":"ID","spam":[]}`, "spam"},
		{"two on a line", good + good, "more than one"},
		{"id", `{"id":"1","spans":[]}`, "id:"},
		{"capitals", `{"id":"` + strings.ToUpper(id(1)) + `","spans":[]}`, "id:"},
		{"no spans", `{"id":"ID","spans":[]}`, "spans: none"},
		{"span id", `{"id":"ID","spans":[{"id":"1",` + zero, "spans: 0: id"},
		{"parent", `{"id":"ID","spans":[{"id":"0000000000000001","parent":"x",` + zero, "spans: 0: parent"},
		{"link", strings.Replace(good, `"start"`, `"links":[{"trace":"1","span":"0000000000000001"}],"start"`, 1), "spans: 0: links"},
		{"long name", strings.Replace(good, `"b"`, `"`+long+`"`, 1), "spans: 0: service, name or error"},
		{"long error", more(`"error":"` + long + `"`), "spans: 0: service, name or error"},
		{"long value", more(`"attributes":{"a":"` + long + `"}`), "spans: 0: attributes"},
		{"many attributes", more(`"attributes":{` + many(33, `"k%d":""`) + `}`), "spans: 0: attributes"},
		{"many events", more(`"events":[` + many(129, `{"name":"%d"}`) + `]`), "spans: 0: events"},
		{"long event", more(`"events":[{"name":"` + long + `"}]`), "spans: 0: events: 0: name"},
		{"an event's attributes", more(`"events":[{"name":"e","attributes":{` + many(33, `"k%d":""`) + `}}]`), "spans: 0: events: 0: attributes"},
		{"many links", more(`"links":[` + many(33, `{"trace":"ID","span":"%016x"}`) + `]`), "spans: 0: links: more"},
		{"backwards", strings.Replace(good, "00:00:01Z", "00:00:00Z", 1) + "\n" + strings.Replace(good, "T00:00:00Z", "T00:00:02Z", 1), "line 3: spans: 0: it ends"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := small(t, tracestore.Config{})
			err := s.Import(strings.NewReader(strings.ReplaceAll(good+"\n"+tt.line+"\n", "ID", id(1))))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "line ") {
				t.Errorf("error %v, want one with a line and %q", err, tt.want)
			}
			expectTraces(t, s.Search(tracestore.Filter{}), 1)
		})
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"id":"00000000000000000000000000000001","spans":[{"id":"0000000000000001","service":"a","name":"b","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:01Z"}]}`))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s := small(t, tracestore.Config{MaxTraces: 3, MaxBytes: 10_000, MaxSpans: 3})
		first := s.Import(bytes.NewReader(file))
		expectWithinBounds(t, s)
		var out bytes.Buffer
		if err := s.Export(&out); err != nil {
			t.Fatal(err)
		}
		again := small(t, tracestore.Config{})
		if err := again.Import(bytes.NewReader(out.Bytes())); err != nil {
			t.Fatalf("what was exported is refused: %v (first %v)", err, first)
		}
	})
}
