package service_test

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// fill leaves no room in the mailbox until the front is open.
func (f *front) fill() {
	f.t.Helper()
	f.block()
	for f.loop.Post("fill", func() {}) == nil {
	}
}

func TestFullMailboxIsAnsweredWithoutTheLoop(t *testing.T) {
	f := newFront(t, frontConfig{loop: loop.Config{Mailbox: 2}})
	f.fill()
	a := f.ask(get("/v1/ping"))
	if a.status != 503 || a.problem.Code != shop.CodeOverloaded || a.header.Get("Retry-After") != "1" || a.close {
		t.Errorf("%d %+v, Retry-After %q", a.status, a.problem, a.header.Get("Retry-After"))
	}
	if n := f.dispatcher.InFlight(); n != 0 {
		t.Errorf("%d requests are under way", n)
	}
	f.open()
	for f.ask(get("/v1/ping")).status != 200 { // the patience of dial bounds it
	}
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	f := newFront(t, frontConfig{dispatcher: service.DispatcherConfig{InFlight: 2}})
	var waiting []*wire
	for n := range 2 {
		w := f.dial()
		w.send(get("/v1/gate"))
		waiting = append(waiting, w)
		for f.dispatcher.InFlight() != n+1 {
			time.Sleep(time.Millisecond)
		}
	}
	if a := f.ask(get("/v1/gate")); a.status != 503 || a.header.Get("Retry-After") != "1" || a.problem.Code != shop.CodeOverloaded {
		t.Errorf("%d %+v", a.status, a.problem)
	}
	f.open()
	for _, w := range waiting {
		if a := w.answer("GET"); a.status != 200 {
			t.Errorf("one of those under way: %d", a.status)
		}
	}
	if a := f.ask(get("/v1/ping")); a.status != 200 {
		t.Errorf("after them: %d", a.status)
	}
}

// What is refused without a look at it must not leave a body behind that the next reader
// takes for a request.
func TestFullMailboxLeavesNoSmuggledRequest(t *testing.T) {
	f := newFront(t, frontConfig{loop: loop.Config{Mailbox: 2}})
	f.fill()
	w := f.dial()
	w.send(request("POST", "/v1/echo", "", "Transfer-Encoding: chunked") + get("/v1/ping"))
	if a := w.answer("POST"); a.status != 503 || !a.close || !w.closed() {
		t.Errorf("%d %+v, or the connection stays open", a.status, a.problem)
	}
}

// Nor does the connection stay open for what would be refused for its headers, as far as those
// who read them differently may see another end of the request.
func TestFullMailboxClosesOnBadHeaders(t *testing.T) {
	f := newFront(t, frontConfig{loop: loop.Config{Mailbox: 2}})
	f.fill()
	for name, c := range map[string]struct {
		request string
		status  int
		closes  bool
	}{
		"none":                     {get("/v1/ping"), 503, false},
		"a body":                   {request("POST", "/v1/echo", "abc"), 503, false},
		"an encoding that is none": {get("/v1/ping", "Transfer-Encoding: identity"), 503, true},
		"a header twice":           {get("/v1/ping", "Authorization: a", "authorization: b"), 503, true},
		"a length and an encoding": {request("POST", "/v1/echo", "abc", "Transfer-Encoding: chunked"), 503, true},
		"two lengths":              {request("POST", "/v1/echo", "abc", "Content-Length: 3"), 400, true},
		"two lengths that differ":  {request("POST", "/v1/echo", "abc", "Content-Length: 30"), 400, true},
	} {
		w := f.dial()
		w.send(c.request)
		if a := w.answer("POST"); a.status != c.status || a.close != c.closes {
			t.Errorf("%s: %d, closes: %v; want %d, %v", name, a.status, a.close, c.status, c.closes)
		}
	}
}

func TestFullMailboxKeepsOnlySampledTraces(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	f := newFront(t, frontConfig{loop: loop.Config{Mailbox: 2}, exporter: exporter})
	f.fill()
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, tt := range []struct {
		flags string
		spans int
	}{{"00", 0}, {"01", 1}} {
		a := f.ask(get("/v1/ping", shop.HeaderTraceparent+": 00-"+id+"-"+span+"-"+tt.flags))
		if a.status != 503 || a.problem.TraceID != id {
			t.Errorf("flags %s: %d %+v, want trace %s", tt.flags, a.status, a.problem, id)
		}
		if n := len(exporter.GetSpans()); n != tt.spans {
			t.Errorf("flags %s: %d spans are kept, want %d", tt.flags, n, tt.spans)
		}
	}
}

func TestWhatIsTurnedAwayIsCountedOnce(t *testing.T) {
	f := newFront(t, frontConfig{dispatcher: service.DispatcherConfig{InFlight: 4}})
	var waiting []*wire
	for n := range 4 {
		w := f.dial()
		w.send(get("/v1/gate"))
		waiting = append(waiting, w)
		for f.dispatcher.InFlight() != n+1 {
			time.Sleep(time.Millisecond)
		}
	}
	for range 3 {
		f.ask(get("/v1/gate"))
	}
	for _, w := range []string{
		`brownout_protection_rejections_total{protection="queue-bound",reason="full",target="requests"} 3`,
		`brownout_protection_admissions_total{protection="queue-bound",target="requests"} 4`,
		`brownout_http_requests_total{route="gate",status="503"} 3`,
	} {
		if got := f.exposition(); !strings.Contains(got, w) {
			t.Errorf("%s is missing in\n%s", w, got)
		}
	}
	f.open()
	for _, w := range waiting {
		w.answer("GET")
	}
}
