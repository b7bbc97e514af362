package tracestore_test

import (
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"brownout/internal/tracestore"
)

// fill adds traces by number, of which each takes so many milliseconds.
func fill(t *testing.T, s *tracestore.Store, from, to, takes int, more ...func(*tracepb.Span)) {
	t.Helper()
	for n := from; n < to; n++ {
		post(t, s, body(part("gateway", span(n, 1, 0, n, n+takes, "checkout", more...))))
	}
}

// present says which of the traces are there.
func present(s *tracestore.Store, numbers ...int) (there []bool) {
	for _, n := range numbers {
		_, ok := s.Get(id(n))
		there = append(there, ok)
	}
	return there
}

func TestFailedAndSlowTracesOutlastOrdinaryOnes(t *testing.T) {
	s := small(t, tracestore.Config{MaxTraces: 400})
	fill(t, s, 0, 1, 1, failed("no"))
	fill(t, s, 1, 2, 500)
	fill(t, s, 2, 2000, 1)
	if got := present(s, 0, 1, 2, 1999); !got[0] || !got[1] || got[2] || !got[3] {
		t.Errorf("the failed, the slow, the oldest and the latest are there: %v", got)
	}
	if stats := s.Stats(); stats.Traces > 400 || stats.Traces < 370 {
		t.Errorf("stats %+v", stats)
	}
}

// A crowd of one kind does not take the room of the others.
func TestAStormOfFailuresLeavesRoom(t *testing.T) {
	s := small(t, tracestore.Config{MaxTraces: 400})
	fill(t, s, 0, 1, 500)
	fill(t, s, 1, 1000, 1)
	fill(t, s, 1000, 3000, 1, failed("no"))
	fill(t, s, 3000, 3100, 1)
	all := s.Search(tracestore.Filter{Limit: 1000})
	failures := s.Search(tracestore.Filter{Limit: 1000, Failed: true})
	if got := present(s, 0, 1000, 3099); !got[0] || got[1] || !got[2] {
		t.Errorf("the slow one, the first failure and the latest are there: %v", got)
	}
	if len(all) > 400 || len(all)-len(failures) < 100 {
		t.Errorf("%d traces, of which %d failed", len(all), len(failures))
	}
}

// A trace that was put by still gets the spans that are late, and stays within the bound.
func TestSpansMayComeToTracesThatWerePutBy(t *testing.T) {
	s := small(t, tracestore.Config{MaxTraces: 400, MaxBytes: 400_000})
	fill(t, s, 0, 1, 1, failed("no"))
	fill(t, s, 1, 500, 1)
	for i := range 400 {
		post(t, s, body(part("payments", span(0, 10+i, 1, 0, 1, "authorise"))))
	}
	fill(t, s, 500, 1000, 1)
	if stats := s.Stats(); stats.Bytes > 400_000 || stats.Traces > 400 {
		t.Errorf("stats %+v", stats)
	}
	if got := present(s, 0); got[0] {
		t.Error("a trace that takes more than its kind may have is kept")
	}
}

func TestAnEventInWords(t *testing.T) {
	e := tracestore.Event{Name: "refused", Attributes: map[string]string{"brownout.target": "bank-a", "brownout.reason": "open", "x": ""}}
	if got, want := e.String(), "refused reason=open target=bank-a x="; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLinksAreFollowed(t *testing.T) {
	s := small(t, tracestore.Config{})
	broken := func(s *tracepb.Span) { s.Links = append(s.Links, &tracepb.Span_Link{TraceId: []byte{1}}) }
	post(t, s, body(part("gateway", span(1, 1, 0, 0, 1, "checkout"), span(2, 1, 0, 5, 6, "process order-events", link(1), broken), span(3, 1, 0, 5, 6, "process order-events", link(7)))))
	found := s.Search(tracestore.Filter{Linked: id(1)})
	expectTraces(t, found, 2)
	if root := found[0].Root(); len(root.Links) != 1 || root.Links[0] != (tracestore.Link{Trace: id(1), Span: "0000000000000009"}) || root.Dropped != 1 {
		t.Errorf("root %+v", root)
	}
}

// A trace is found by what any of its services was asked, not by the steps within.
func TestTracesAreFoundByEveryRequest(t *testing.T) {
	s := small(t, tracestore.Config{})
	post(t, s, body(
		part("load", span(1, 1, 0, 0, 9, "checkout"), span(1, 2, 1, 1, 9, "call gateway: checkout")),
		part("gateway", span(1, 3, 2, 2, 8, "checkout"), span(1, 4, 3, 3, 7, "call payments: authorise")),
		part("payments", span(1, 5, 4, 4, 6, "authorise")),
	))
	for _, f := range []tracestore.Filter{{Service: "load"}, {Service: "gateway", Name: "checkout"}, {Service: "payments", Name: "authorise"}, {Name: "authorise"}} {
		expectTraces(t, s.Search(f), 1)
	}
	for _, f := range []tracestore.Filter{{Service: "payments", Name: "checkout"}, {Name: "call payments: authorise"}} {
		expectTraces(t, s.Search(f))
	}
}
