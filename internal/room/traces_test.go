package room_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/internal/htmltest"
	"brownout/internal/room"
	"brownout/internal/tracestore"
)

func TestTracesAreFound(t *testing.T) {
	v := visit(t, room.Config{Traces: traces(t)})
	for query, want := range map[string][2]bool{ // browse, checkout
		"":                         {true, true},
		"?failed=yes":              {false, true},
		"?atleast=500":             {false, true},
		"?route=browse":            {true, false},
		"?service=gateway":         {true, true},
		"?service=payments":        {false, false},
		"?order=slowest&atleast=1": {true, true},
	} {
		body := v.get("/traces" + query).body
		if got := [2]bool{strings.Contains(body, "000000001\">browse</a>"), strings.Contains(body, "000000002\">checkout</a>")}; got != want {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
	body := v.get("/traces?order=slowest").body
	if strings.Index(body, ">checkout</a>") > strings.Index(body, ">browse</a>") {
		t.Error("the slowest is not the first")
	}
}

func TestATraceIsAWaterfall(t *testing.T) {
	v := visit(t, room.Config{Traces: traces(t)})
	text := htmltest.Parse(t, v.get("/traces/00000000000000000000000000000001").body).Text()
	for _, want := range []string{"A request to browse", "Took 20 ms", "Waiting in queues 15 ms", "gateway · wait mailbox · 15 ms"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	if text := htmltest.Parse(t, v.get("/traces/00000000000000000000000000000002").body).Text(); !strings.Contains(text, "breaker refused target=bank-a; error: 503") {
		t.Errorf("what happened is not told: %s", text)
	}
}

func TestATraceLeadsToWhatItComesFrom(t *testing.T) {
	v := visit(t, room.Config{Traces: traces(t)})
	for _, tt := range []struct{ path, want string }{
		{"3", `It comes from <a href="/traces/00000000000000000000000000000002">`},
		{"2", `Of it came <a href="/traces/00000000000000000000000000000003">process order-events (gateway) at `},
	} {
		if body := v.get("/traces/0000000000000000000000000000000" + tt.path).body; !strings.Contains(body, tt.want) {
			t.Errorf("trace %s does not say %q: %s", tt.path, tt.want, body)
		}
	}
	if body := v.get("/traces/00000000000000000000000000000001").body; strings.Contains(body, "comes from") || strings.Contains(body, "Of it came") {
		t.Errorf("trace 1: %s", body)
	}
}

// Anybody on this machine can send spans.
func TestATraceIsBounded(t *testing.T) {
	store, err := tracestore.New(tracestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	event := tracestore.Event{Name: "tick", Attributes: map[string]string{}}
	for i := range 32 {
		event.Attributes[fmt.Sprint("key", i)] = strings.Repeat("x", 1000)
	}
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	trace := tracestore.Trace{ID: fmt.Sprintf("%032x", 1)}
	for i := range 200 {
		trace.Spans = append(trace.Spans, tracestore.Span{
			ID: fmt.Sprintf("%016x", i+1), Service: "gateway", Name: "a\u202eb\r" + strings.Repeat("x", 1000), Start: began, End: began,
			Events: []tracestore.Event{event, event, event},
		})
	}
	var file bytes.Buffer
	if err := errors.Join(tracestore.Write(&file, []tracestore.Trace{trace}), store.Import(&file)); err != nil {
		t.Fatal(err)
	}
	v := visit(t, room.Config{Traces: store})
	if body := v.get("/traces/" + trace.ID).body; len(body) > 2<<20 || strings.ContainsAny(body, "\r\u202e") {
		t.Errorf("a page of %d bytes", len(body))
	}
}

func TestWithoutAStoreOfTraces(t *testing.T) {
	v := visit(t, room.Config{})
	if a := v.get("/traces"); a.status != http.StatusOK || !strings.Contains(a.body, "There is no store of traces") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := v.get("/traces/1"); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
}
