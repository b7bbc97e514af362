package loadgen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
	"brownout/loadgen"
)

// A doer is a server of a few lines.
type doer func(*fasthttp.Request, *fasthttp.Response, time.Time) error

func (d doer) DoDeadline(request *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
	return d(request, answer, deadline)
}

// answerAfter is a server that answers 200 after a time, to any number of requests at once.
func answerAfter(d time.Duration) doer {
	return func(_ *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
		answer.Reset()
		if time.Until(deadline) < d {
			time.Sleep(time.Until(deadline))
			return fasthttp.ErrTimeout
		}
		time.Sleep(d)
		return nil
	}
}

// pausing is a scenario that stops for a time before a place in the schedule.
type pausing struct {
	loadgen.Scenario
	before int64
	pause  time.Duration
}

func (p pausing) Next(seq int64) loadgen.Action {
	if seq == p.before {
		time.Sleep(p.pause)
	}
	return p.Scenario.Next(seq)
}

func fixed(t testing.TB) *loadgen.Fixed {
	t.Helper()
	target, err := url.Parse("http://shop.test/v1/products")
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := loadgen.NewFixed("GET", target, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// attack runs an attack to its end and returns the samples by their place.
func attack(ctx context.Context, a *loadgen.Attacker) []evidence.Sample {
	var samples []evidence.Sample
	for sample := range a.Attack(ctx) {
		samples = append(samples, sample)
	}
	slices.SortFunc(samples, func(a, b evidence.Sample) int { return int(a.Seq - b.Seq) })
	return samples
}

func expectSeqs(t *testing.T, samples []evidence.Sample, n int) {
	t.Helper()
	if len(samples) != n {
		t.Fatalf("%d samples, want %d", len(samples), n)
	}
	for i, sample := range samples {
		if sample.Seq != int64(i) {
			t.Fatalf("sample %d is of request %d", i, sample.Seq)
		}
	}
}

func TestRequestsLeaveWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, time.Second), Scenario: fixed(t), Doer: answerAfter(300 * time.Millisecond),
		})
		samples := attack(t.Context(), a)
		expectSeqs(t, samples, 10)
		for i, s := range samples {
			due := start.Add(time.Duration(i) * 100 * time.Millisecond)
			if !s.Intended.Equal(due) || !s.Sent.Equal(due) || s.Latency != 300*time.Millisecond {
				t.Errorf("request %d: due %v, sent %v, took %v", i, s.Intended.Sub(start), s.Sent.Sub(start), s.Latency)
			}
			if s.Route != "shop.test" || s.Outcome != evidence.Acknowledged || s.Status != 200 || s.Error != "" {
				t.Errorf("request %d: %+v", i, s)
			}
		}
		if extent, complete := a.Extent(); extent != time.Second || !complete {
			t.Errorf("extent %v, complete %v", extent, complete)
		}
	})
}

// A generator that stalls owes the requests that were due meanwhile, and their wait.
func TestAStalledGeneratorDoesNotOmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer:    loadgen.Constant(10, 2*time.Second),
			Scenario: pausing{fixed(t), 5, 600 * time.Millisecond}, // at 0.4 s, until 1.0 s
			Doer:     answerAfter(10 * time.Millisecond),
		}))
		expectSeqs(t, samples, 20)
		for i, want := range []time.Duration{4: 10, 5: 510, 6: 410, 7: 310, 8: 210, 9: 110, 10: 10, 11: 10} {
			if i >= 4 && samples[i].Latency != want*time.Millisecond {
				t.Errorf("request %d took %v, want %v ms", i, samples[i].Latency, int64(want))
			}
		}
	})
}

// A server that takes one at a time and is too slow makes everyone wait longer.
func TestASlowServerDoesNotSlowTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := make(chan struct{}, 1)
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, time.Second), Scenario: fixed(t),
			Doer: doer(func(*fasthttp.Request, *fasthttp.Response, time.Time) error {
				turn <- struct{}{}
				time.Sleep(200 * time.Millisecond)
				<-turn
				return nil
			}),
		}))
		expectSeqs(t, samples, 10)
		for i, s := range samples {
			if want := time.Duration(2+i) * 100 * time.Millisecond; s.Latency != want {
				t.Errorf("request %d took %v, want %v", i, s.Latency, want)
			}
		}
	})
}

func TestWhatCannotBeSentIsUnsent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config loadgen.AttackerConfig
		pause  time.Duration // of the generator, before request 2, which is due after 200 ms
		unsent []int64
	}{
		{"in flight", loadgen.AttackerConfig{MaxInFlight: 2, Doer: answerAfter(350 * time.Millisecond)}, 0, []int64{2, 3, 6, 7}},
		{"patience", loadgen.AttackerConfig{Timeout: 150 * time.Millisecond, Doer: answerAfter(0)}, 410 * time.Millisecond, []int64{2, 3}},
		{"neither", loadgen.AttackerConfig{MaxInFlight: 4, Doer: answerAfter(350 * time.Millisecond)}, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			tt.config.Pacer, tt.config.Scenario = loadgen.Constant(10, time.Second), pausing{fixed(t), 2, tt.pause}
			samples := attack(t.Context(), loadgen.NewAttacker(tt.config))
			expectSeqs(t, samples, 10)
			var unsent []int64
			for _, s := range samples {
				if s.Outcome == evidence.Unsent {
					unsent = append(unsent, s.Seq)
					if s.Error != "late" || !s.Sent.IsZero() || s.Latency != 0 {
						t.Errorf("%s: unsent %+v", tt.name, s)
					}
				}
			}
			if !slices.Equal(unsent, tt.unsent) {
				t.Errorf("%s: unsent %v, want %v", tt.name, unsent, tt.unsent)
			}
		})
	}
}

func TestPatienceCountsFromWhenARequestIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, time.Second), Scenario: pausing{fixed(t), 0, 300 * time.Millisecond},
			Doer: answerAfter(time.Hour), Timeout: time.Second,
		}))
		expectSeqs(t, samples, 1)
		if s := samples[0]; s.Latency != time.Second || s.Error != "timeout" || s.Outcome != evidence.Unknown || s.Status != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAnInterruptedAttackWaitsForWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		start := time.Now()
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, time.Hour), Scenario: fixed(t), Doer: answerAfter(2 * time.Second),
		})
		samples := attack(ctx, a)
		expectSeqs(t, samples, 3)
		for _, s := range samples {
			if s.Outcome != evidence.Acknowledged {
				t.Errorf("%+v", s)
			}
		}
		if took := time.Since(start); took != 2200*time.Millisecond {
			t.Errorf("took %v, want until the answer to the last request", took)
		}
		if extent, complete := a.Extent(); extent != 250*time.Millisecond || complete {
			t.Errorf("extent %v, complete %v", extent, complete)
		}
	})
}

func TestWhatAnAnswerSays(t *testing.T) {
	const problem = `{"type":"urn:brownout:problem:overloaded","status":503,"code":"overloaded"}`
	for _, tt := range []struct {
		status  int
		body    string
		err     error
		outcome evidence.Outcome
		want    string // the sample's error
	}{
		{200, "ok", nil, evidence.Acknowledged, ""},
		{204, "", nil, evidence.Acknowledged, ""},
		{301, "", nil, evidence.Unknown, "http-301"},
		{404, "<html>", nil, evidence.Refused, "http-404"},
		{503, problem, nil, evidence.Refused, "overloaded"},
		{503, `{"code":""}`, nil, evidence.Refused, "http-503"},
		{503, `{"code":"` + strings.Repeat("x", 65) + `"}`, nil, evidence.Refused, "http-503"},
		{500, problem, nil, evidence.Unknown, "overloaded"},
		{0, "", fasthttp.ErrTimeout, evidence.Unknown, "timeout"},
		{0, "", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, evidence.Unknown, "connection-refused"},
		{0, "", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, evidence.Unknown, "connection-reset"},
		{0, "", &net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}, evidence.Unknown, "no-such-host"},
		{0, "", fasthttp.ErrConnectionClosed, evidence.Unknown, "connection-closed"},
		{0, "", io.ErrUnexpectedEOF, evidence.Unknown, "connection-closed"},
		{0, "", fasthttp.ErrNoFreeConns, evidence.Unknown, "too-many-connections"},
		{0, "", fasthttp.ErrBodyTooLarge, evidence.Unknown, "answer-too-large"},
		{0, "", errors.New("what?"), evidence.Unknown, "no-answer"},
	} {
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, time.Millisecond), Scenario: fixed(t),
			Doer: doer(func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
				answer.SetStatusCode(tt.status)
				answer.SetBodyString(tt.body)
				return tt.err
			}),
		}))
		expectSeqs(t, samples, 1)
		s := samples[0]
		if s.Status != tt.status || s.Outcome != tt.outcome || s.Error != tt.want || s.Bytes != int64(len(tt.body)) {
			t.Errorf("%d %q %v: %+v", tt.status, tt.body, tt.err, s)
		}
	}
}

func TestTraces(t *testing.T) {
	for _, tt := range []struct {
		share float64
		flags string
	}{{0, "00"}, {1, "01"}} {
		var mu sync.Mutex
		sent := map[string]bool{}
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10_000, 2*time.Millisecond), Scenario: fixed(t), Tracing: tracing(t, telemetry.TracingConfig{Ratio: tt.share}),
			Doer: doer(func(request *fasthttp.Request, _ *fasthttp.Response, _ time.Time) error {
				mu.Lock()
				defer mu.Unlock()
				sent[string(request.Header.Peek(shop.HeaderTraceparent))] = true
				return nil
			}),
		}))
		expectSeqs(t, samples, 20)
		for header := range sent {
			parts := strings.Split(header, "-")
			known := slices.ContainsFunc(samples, func(s evidence.Sample) bool { return s.TraceID == parts[1] })
			if len(parts) != 4 || parts[0] != "00" || len(parts[1]) != 32 || len(parts[2]) != 16 || parts[3] != tt.flags || !known {
				t.Errorf("share %v: traceparent %q", tt.share, header)
			}
		}
		if len(sent) != len(samples) {
			t.Errorf("share %v: %d traces for %d requests", tt.share, len(sent), len(samples))
		}
	}
}

func tracing(t *testing.T, c telemetry.TracingConfig) *telemetry.Tracing {
	t.Helper()
	tr, err := telemetry.NewTracing(c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// A request is the root of its trace; each attempt is a call, of which the server hears, and the
// pauses between are waits.
func TestTraceOfARequestThatIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		var heard []string
		attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, time.Second), Scenario: fixed(t), Retry: loadgen.Retry{Attempts: 2, Backoff: time.Second},
			Tracing: tracing(t, telemetry.TracingConfig{Ratio: 1, Exporter: exporter}), Peer: telemetry.HTTPPeer("gateway", "10.0.0.1:80"),
			Doer: doer(func(request *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
				heard = append(heard, strings.Split(string(request.Header.Peek(shop.HeaderTraceparent)), "-")[2])
				answer.SetStatusCode(503)
				return nil
			}),
		}))
		var names, calls, events []string
		for _, s := range exporter.GetSpans() {
			events = append(events, eventsOf(s)...)
			names = append(names, fmt.Sprintf("%s %s", s.Name, s.Status.Description))
			if s.SpanKind == trace.SpanKindClient {
				calls = append(calls, s.SpanContext.SpanID().String())
			}
		}
		want := []string{"call gateway: shop.test status 503", "wait retry ", "call gateway: shop.test status 503", "shop.test status 503"}
		if !slices.Equal(names, want) || !slices.Equal(calls, heard) {
			t.Errorf("spans %q, want %q; the server heard of %v, and calls are %v", names, want, heard, calls)
		}
		if want := []string{"retry brownout.downstream=gateway brownout.call=shop.test brownout.attempt=2"}; !slices.Equal(events, want) {
			t.Errorf("events %q, want %q", events, want)
		}
	})
}

// eventsOf are the events of a span, with their attributes.
func eventsOf(s tracetest.SpanStub) (events []string) {
	for _, e := range s.Events {
		text := e.Name
		for _, a := range e.Attributes {
			text += " " + string(a.Key) + "=" + a.Value.String()
		}
		events = append(events, text)
	}
	return events
}

// Who would try again, and has no retry left, says so.
func TestTraceTellsThatTheBudgetIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, time.Second), Scenario: fixed(t), Doer: failing(500),
			Retry:   loadgen.Retry{Attempts: 2, Backoff: time.Second, Budget: 0.1},
			Tracing: tracing(t, telemetry.TracingConfig{Exporter: exporter}),
		}))
		var events []string
		for _, s := range exporter.GetSpans() {
			events = append(events, eventsOf(s)...)
		}
		if want := []string{"refused brownout.protection=retry-budget brownout.target=shop.test brownout.reason=empty"}; !slices.Equal(events, want) {
			t.Errorf("events %q, want %q", events, want)
		}
	})
}

// A request that is never sent is not the server's failure.
func TestTraceOfARequestThatIsNotSent(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
		Pacer: loadgen.Constant(1, time.Second), Scenario: fixed(t), Timeout: -1, Tracing: tracing(t, telemetry.TracingConfig{Exporter: exporter}),
		Doer: doer(func(*fasthttp.Request, *fasthttp.Response, time.Time) error { return nil }),
	}))
	if len(samples) != 1 || samples[0].Outcome != evidence.Unsent || len(exporter.GetSpans()) != 0 {
		t.Errorf("samples %+v, spans %v", samples, exporter.GetSpans())
	}
}

// A request that a server may have seen is not sent again, whatever its method.
func TestTheClientNeverSendsTwice(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections atomic.Int64
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_, _ = connection.Read(make([]byte, 1024))
			connection.Close()
		}
	}()
	defer listener.Close()
	target := &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	scenario, err := loadgen.NewFixed("GET", target, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
		Pacer: loadgen.Constant(1000, 3*time.Millisecond), Scenario: scenario, Doer: loadgen.NewClient(target, 10),
	}))
	expectSeqs(t, samples, 3)
	for _, s := range samples {
		if s.Outcome != evidence.Unknown || s.Error != "connection-closed" {
			t.Errorf("%+v", s)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections for 3 requests", n)
	}
}

func TestFineSleepDoesNotEndEarly(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, time.Millisecond, 20 * time.Millisecond} {
		start := time.Now()
		loadgen.FineSleep(d)
		if took := time.Since(start); took < d {
			t.Errorf("%v took %v", d, took)
		}
	}
}
