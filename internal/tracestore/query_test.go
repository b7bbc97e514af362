package tracestore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/internal/tracestore"
)

// tenTraces holds traces 0 to 9: trace i is of route "even" or "odd", begins at i s and
// takes 10 - i ms; number 3 failed, below its root.
func tenTraces(t *testing.T) *tracestore.Store {
	t.Helper()
	s := small(t, tracestore.Config{})
	for i := range 10 {
		name := []string{"even", "odd"}[i%2]
		from, to := 1000*i, 1000*i+10-i
		child := span(i, 2, 1, from, from+100, "call payments: authorise") // it ends late
		if i == 3 {
			failed("")(child)
		}
		post(t, s, body(part("gateway", span(i, 1, 0, from, to, name, withAttribute("status", []string{"200", "503", "503"}[i%3])), child)))
	}
	return s
}

func TestSearch(t *testing.T) {
	tests := []struct {
		name   string
		filter tracestore.Filter
		want   []int
	}{
		{"all, the latest first", tracestore.Filter{}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		{"limit", tracestore.Filter{Limit: 2}, []int{9, 8}},
		{"route", tracestore.Filter{Name: "odd"}, []int{9, 7, 5, 3, 1}},
		{"what is no request", tracestore.Filter{Name: "call payments: authorise"}, nil},
		{"service", tracestore.Filter{Service: "gateway", Limit: 1}, []int{9}},
		{"other service", tracestore.Filter{Service: "payments"}, nil},
		{"from", tracestore.Filter{From: ms(8000)}, []int{9, 8}},
		{"to", tracestore.Filter{To: ms(1000)}, []int{0}},
		{"from and to", tracestore.Filter{From: ms(2000), To: ms(4000)}, []int{3, 2}},
		{"slow", tracestore.Filter{AtLeast: 9 * time.Millisecond}, []int{1, 0}},
		{"failed", tracestore.Filter{Failed: true}, []int{3}},
		{"attribute", tracestore.Filter{Attributes: map[string]string{"status": "200"}}, []int{9, 6, 3, 0}},
		{"attribute that is not there", tracestore.Filter{Attributes: map[string]string{"x": ""}}, nil},
		{"all at once", tracestore.Filter{Name: "odd", Failed: true, Attributes: map[string]string{"status": "200"}}, []int{3}},
	}
	s := tenTraces(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expectOrder(t, s.Search(tt.filter), tt.want) })
	}
}

func TestSlowest(t *testing.T) {
	tests := []struct {
		name   string
		n      int
		filter tracestore.Filter
		want   []int
	}{
		{"three", 3, tracestore.Filter{}, []int{0, 1, 2}},
		{"of a route", 2, tracestore.Filter{Name: "odd"}, []int{1, 3}},
		{"of a time", 2, tracestore.Filter{From: ms(5000), To: ms(8000)}, []int{5, 6}},
		{"more than there are", 100, tracestore.Filter{From: ms(9000), Limit: 1}, []int{9}},
		{"none", 0, tracestore.Filter{}, nil},
		{"less than none", -1, tracestore.Filter{}, nil},
	}
	s := tenTraces(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expectOrder(t, s.Slowest(tt.n, tt.filter), tt.want) })
	}
}

func expectOrder(t *testing.T, found []tracestore.Trace, want []int) {
	t.Helper()
	var have, ids []string
	for _, trace := range found {
		have = append(have, trace.ID)
	}
	for _, n := range want {
		ids = append(ids, id(n))
	}
	if !slices.Equal(have, ids) {
		t.Errorf("found %q, want %q", have, ids)
	}
}

func TestTheOldestGoes(t *testing.T) {
	s := small(t, tracestore.Config{MaxTraces: 2})
	for _, n := range []int{1, 2, 1, 3} { // 1 is the oldest though it came again
		post(t, s, body(part("a", span(n, 10+s.Stats().Spans, 0, 0, 1, "x"))))
	}
	expectTraces(t, s.Search(tracestore.Filter{}), 2, 3)
	if stats := s.Stats(); stats.Traces != 2 || stats.Spans != 2 || stats.Evicted != 1 || stats.Taken != 4 {
		t.Errorf("stats %+v", stats)
	}
}

func TestBytesAreBounded(t *testing.T) {
	s := small(t, tracestore.Config{MaxBytes: 5000})
	for i := range 100 {
		post(t, s, body(part("a", span(i, 1, 0, i, i+1, "x", withAttribute("k", "a text that takes some room")))))
	}
	stats := s.Stats()
	if stats.Bytes > 5000 || stats.Traces < 5 || stats.Traces > 15 || stats.Evicted != int64(100-stats.Traces) {
		t.Errorf("stats %+v", stats)
	}
	if _, ok := s.Get(id(99)); !ok {
		t.Error("the latest is not there")
	}
}

func TestNamesOfServicesCountAsBytes(t *testing.T) {
	s := small(t, tracestore.Config{MaxBytes: 5000})
	for i := range 20 {
		post(t, s, body(part(fmt.Sprint(strings.Repeat("x", 900), i), span(i, 1, 0, i, i+1, "x"))))
	}
	if stats := s.Stats(); stats.Traces > 4 {
		t.Errorf("%d traces in %d bytes, though each has a name of 900", stats.Traces, stats.Bytes)
	}
}

func TestATraceThatIsTooLargeAloneGoes(t *testing.T) {
	s := small(t, tracestore.Config{MaxBytes: 1000})
	post(t, s, body(part("a", span(1, 1, 0, 0, 1, "x"), span(1, 2, 0, 0, 1, "x"), span(1, 3, 0, 0, 1, "x"), span(1, 4, 0, 0, 1, "x"))))
	if stats := s.Stats(); stats.Bytes > 1000 || stats.Evicted == 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestSpansOfATraceAreBounded(t *testing.T) {
	s := small(t, tracestore.Config{MaxSpans: 2})
	b := body(part("a", span(1, 1, 0, 0, 1, "x"), span(1, 2, 0, 0, 1, "x"), span(1, 3, 0, 0, 1, "x"), span(1, 1, 0, 0, 1, "again")))
	if rejected := post(t, s, b); rejected != 1 {
		t.Errorf("%d spans were rejected, want 1", rejected)
	}
	got, _ := s.Get(id(1))
	if len(got.Spans) != 2 || got.Dropped != 1 || s.Stats().Dropped != 1 {
		t.Errorf("trace %+v, stats %+v", got, s.Stats())
	}
}

func TestNegativeBoundsAreRefused(t *testing.T) {
	for _, c := range []tracestore.Config{{MaxTraces: -1}, {MaxBytes: -1}, {MaxSpans: -1}} {
		if _, err := tracestore.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

func TestWhatWasReturnedStaysAsItIs(t *testing.T) {
	s := small(t, tracestore.Config{})
	post(t, s, body(part("a", span(1, 2, 1, 5, 6, "second"), span(1, 3, 1, 7, 8, "third"), span(1, 4, 1, 7, 8, "fourth"))))
	before, _ := s.Get(id(1))
	post(t, s, body(part("a", span(1, 1, 0, 0, 9, "first"))))
	if after, _ := s.Get(id(1)); after.Root().Name != "first" || len(after.Spans) != 4 {
		t.Errorf("after: %+v", after)
	}
	if before.Root().Name != "second" || len(before.Spans) != 3 {
		t.Errorf("before: %+v", before)
	}
}

// For the race detector.
func TestAllAtOnce(t *testing.T) {
	s := small(t, tracestore.Config{MaxTraces: 20})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 50 {
				post(t, s, body(part("a", span(i, n+1, 0, n, n+1, "x"))))
			}
		})
		all.Go(func() {
			for i := range 50 {
				for _, found := range s.Slowest(5, tracestore.Filter{}) {
					_ = found.Failed()
				}
				_, _ = s.Get(id(i))
				_ = s.Stats()
			}
		})
	}
	all.Wait()
	if stats := s.Stats(); stats.Taken != 200 || stats.Traces != 20 {
		t.Errorf("stats %+v", stats)
	}
}
