package service_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/redistest"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	sampled      = "00-" + callersTrace + "-b7ad6b7169203331-01"
)

// forwards is a service that answers with what another says.
func forwards(rt *service.Runtime, tr service.Transport) service.Service {
	back := service.NewClient(rt, service.ClientConfig{Downstream: "back", Transport: tr, Timeout: patience})
	return service.Service{Routes: []service.Route{{Name: "forward", Method: "GET", Pattern: "/v1/forward", Timeout: patience,
		Handle: func(t *loop.Task, _ *service.Request) (service.Response, error) {
			got, err := service.Fetch[string](t, back, &service.Call{Name: "work", Method: "GET", Path: "/v1/work", Repeatable: true})
			if err != nil {
				return service.Response{}, err
			}
			return service.JSON(200, got)
		}}}}
}

// works is a service that does as little as it can, of each kind that step does.
func works(step func(*loop.Task) error) service.Service {
	return service.Service{Routes: []service.Route{{Name: "work", Method: "GET", Pattern: "/v1/work", Timeout: patience,
		Handle: func(t *loop.Task, _ *service.Request) (service.Response, error) {
			if err := step(t); err != nil {
				return service.Response{}, err
			}
			return service.JSON(200, "done")
		}}}}
}

// tree names the spans of one trace, each service's under its request and that under the call
// that made it. Stretches that come several times are named once. Waits for what is had at once, but on a busy
// machine, are left out.
func tree(t *testing.T, spans tracetest.SpanStubs) []string {
	t.Helper()
	byID := map[trace.SpanID]tracetest.SpanStub{}
	for _, s := range spans {
		if s.SpanContext.TraceID().String() != callersTrace {
			t.Errorf("%s belongs to trace %s", s.Name, s.SpanContext.TraceID())
		}
		byID[s.SpanContext.SpanID()] = s
	}
	var paths []string
	for _, s := range spans {
		if s.Name == "wait loop" || strings.HasSuffix(s.Name, " connection") {
			continue
		}
		path := s.Name
		for parent, ok := byID[s.Parent.SpanID()]; ok; parent, ok = byID[parent.Parent.SpanID()] {
			path = parent.Name + " > " + path
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func sameTree(t *testing.T, spans tracetest.SpanStubs, want []string) {
	t.Helper()
	slices.Sort(want)
	if got := tree(t, spans); !slices.Equal(got, want) {
		t.Errorf("the trace is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestTraceGoesOnOverHTTP(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	server := redistest.Mini(t)
	back := host(t, service.HostConfig{Name: "back", Tracing: telemetry.TracingConfig{Exporter: exporter}, Build: func(rt *service.Runtime) (service.Service, error) {
		class, store := rt.Classes("sums"), service.NewRedis(rt, service.RedisConfig{Addr: server.Addr, Timeout: patience})
		class.Configure(pool.ClassConfig{Share: 1})
		return works(func(t *loop.Task) error {
			if _, err := loop.Offload(t, class, func(context.Context) (int, error) { return 1, nil }); err != nil {
				return err
			}
			_, err := service.RedisDo(t, store, "count", func(ctx context.Context, c *redis.Client) (int64, error) { return c.Incr(ctx, "n").Result() })
			return err
		}), nil
	}})
	front := host(t, service.HostConfig{Name: "front", Tracing: telemetry.TracingConfig{Exporter: exporter}, Build: func(rt *service.Runtime) (service.Service, error) {
		tr, err := service.NewHTTPTransport(rt, service.HTTPConfig{Downstream: "back", URL: back.ready.URL})
		if err != nil {
			return service.Service{}, err
		}
		return forwards(rt, tr), nil
	}})
	w := dial(t, front.addr())
	w.send(get("/v1/forward", shop.HeaderTraceparent+": "+sampled))
	if a := w.answer("GET"); a.status != 200 || a.body != `"done"` {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sameTree(t, exporter.GetSpans(), []string{
		"forward",
		"forward > wait mailbox",
		"forward > work loop",
		"forward > call back: work",
		"forward > call back: work > work",
		"forward > call back: work > work > wait mailbox",
		"forward > call back: work > work > work loop",
		"forward > call back: work > work > wait pool",
		"forward > call back: work > work > work pool",
		"forward > call back: work > work > call redis: count",
	})
}

// A request waits for the outcome of its own jobs, not of those that a task submits which it has spawned.
func TestJobOfASpawnedTaskIsNotTheRequests(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	back := host(t, service.HostConfig{Name: "back", Tracing: telemetry.TracingConfig{Exporter: exporter}, Build: func(rt *service.Runtime) (service.Service, error) {
		class := rt.Classes("sums")
		class.Configure(pool.ClassConfig{Share: 1})
		return works(func(t *loop.Task) error {
			ended := loop.NewPromise[struct{}](t.Loop(), "spawned")
			t.Loop().Spawn(t.Context(), "spawned", func(t *loop.Task) {
				_, err := loop.Offload(t, class, func(context.Context) (int, error) { return 1, nil })
				ended.Settle(struct{}{}, errors.Join(err, t.Sleep(10*telemetry.LeastWait)))
			})
			_, err := loop.Await(t, ended)
			return err
		}), nil
	}})
	w := dial(t, back.addr())
	w.send(get("/v1/work", shop.HeaderTraceparent+": "+sampled))
	if a := w.answer("GET"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sameTree(t, exporter.GetSpans(), []string{"work", "work > wait mailbox", "work > work loop", "work > wait pool", "work > work pool"})
}

// A link carries connections, and knows of no requests: what it does to one is how an attempt ended, in the trace of
// who made it.
func TestTraceShowsWhatALinkDid(t *testing.T) {
	reset := func(_ *callee, conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	for _, tt := range []struct {
		name    string
		does    func(*callee, net.Conn)
		timeout time.Duration
		want    string
	}{
		{"reset", reset, patience, "error"},
		{"blackhole", silent, 50 * time.Millisecond, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exporter, link := tracetest.NewInMemoryExporter(), newCallee(t, tt.does)
			front := host(t, service.HostConfig{Name: "front", Tracing: telemetry.TracingConfig{Exporter: exporter}, Build: func(rt *service.Runtime) (service.Service, error) {
				tr, err := service.NewHTTPTransport(rt, service.HTTPConfig{Downstream: "back", URL: "http://" + link.listener.Addr().String()})
				if err != nil {
					return service.Service{}, err
				}
				back := service.NewClient(rt, service.ClientConfig{Downstream: "back", Transport: tr, Timeout: tt.timeout})
				return works(func(t *loop.Task) error {
					call := charge
					_, err := back.Do(t, &call)
					return err
				}), nil
			}})
			w := dial(t, front.addr())
			w.send(get("/v1/work", shop.HeaderTraceparent+": "+sampled))
			w.answer("GET")
			var got []string
			for _, s := range exporter.GetSpans() {
				if s.Name == "call back: charge" && s.Status.Code == codes.Error {
					got = append(got, attributeOf(s, "error.type"))
				}
			}
			if !slices.Equal(got, []string{tt.want}) {
				t.Errorf("attempts that failed: %q, want one with %q", got, tt.want)
			}
		})
	}
}

// attributeOf returns an attribute of a span, "" if it has none of that name.
func attributeOf(s tracetest.SpanStub, name string) string {
	for _, a := range s.Attributes {
		if string(a.Key) == name {
			return a.Value.String()
		}
	}
	return ""
}

// Every attempt is a call of its own, and every request of the callee belongs to one.
func TestTraceShowsEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		l := loop.New(loop.Config{Grace: -1})
		runtime := func(name string) *service.Runtime {
			rt := service.Simulate(l, service.SimulateConfig{Name: name})
			tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: name, Exporter: exporter})
			if err != nil {
				t.Fatal(err)
			}
			rt.Tracing = tracing
			return rt
		}
		failures := 0
		back := runtime("back")
		callee := service.NewDispatcher(back, works(func(t *loop.Task) error {
			if failures++; failures < 3 {
				return fmt.Errorf("failure %d", failures)
			}
			return t.Sleep(1)
		}), service.DispatcherConfig{})
		front := runtime("front")
		caller := service.NewDispatcher(front, forwards(front, service.Direct(callee)), service.DispatcherConfig{})
		if err := front.Protections.Set(map[resilience.Name]bool{resilience.RetryLayer: false}); err != nil {
			t.Fatal(err)
		}
		answered := false
		_ = l.Run(func() {
			r := &service.Request{Method: "GET", Path: "/v1/forward", Headers: service.Fields{{Name: shop.HeaderTraceparent, Value: sampled}}, Received: time.Now()}
			caller.Dispatch(r, func(a service.Response) {
				answered = a.Status == 200
				l.Close()
			})
		})
		if !answered {
			t.Error("no answer, or not the right one")
		}
		names := map[string]int{}
		for _, s := range exporter.GetSpans() {
			names[s.Name]++
		}
		if names["forward"] != 1 || names["call back: work"] != 3 || names["work"] != 3 || names["wait retry"] != 2 {
			t.Errorf("spans: %v", names)
		}
		sameEvents(t, exporter.GetSpans(), "forward",
			"retry brownout.downstream=back brownout.call=work brownout.attempt=2", "retry brownout.downstream=back brownout.call=work brownout.attempt=3")
		sameTree(t, exporter.GetSpans(), []string{
			"forward",
			"forward > wait mailbox",
			"forward > work loop",
			"forward > wait retry",
			"forward > call back: work",
			"forward > call back: work > work",
			"forward > call back: work > work > wait mailbox",
			"forward > call back: work > work > work loop",
		})
	})
}

// sameEvents compares the events of the spans of a name with names and attributes.
func sameEvents(t *testing.T, spans tracetest.SpanStubs, name string, want ...string) {
	t.Helper()
	var got []string
	for _, s := range spans {
		if s.Name != name {
			continue
		}
		for _, e := range s.Events {
			text := e.Name
			for _, a := range e.Attributes {
				text += " " + string(a.Key) + "=" + a.Value.String()
			}
			got = append(got, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("events of %s:\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// A request that the loop had no time for says who had it.
func TestTraceNamesWhatKeptTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		turns := telemetry.NewLoopMetrics(nil)
		l := loop.New(loop.Config{Grace: -1, Observer: turns, LongTurn: 100 * time.Millisecond, OnLongTurn: turns.LongTurn})
		rt := service.Simulate(l, service.SimulateConfig{Name: "back"})
		var err error
		if rt.Tracing, err = telemetry.NewTracing(telemetry.TracingConfig{Service: "back", Exporter: exporter}); err != nil {
			t.Fatal(err)
		}
		rt.Turns = turns
		d := service.NewDispatcher(rt, works(func(*loop.Task) error { return nil }), service.DispatcherConfig{})
		ask := func(received time.Time, then func()) {
			r := &service.Request{Method: "GET", Path: "/v1/work", Headers: service.Fields{{Name: shop.HeaderTraceparent, Value: sampled}}, Received: received}
			d.Dispatch(r, func(service.Response) { then() })
		}
		_ = l.Run(func() {
			l.SetTimeout("hog", time.Millisecond, func() {
				came := time.Now().Add(200 * time.Millisecond)
				time.Sleep(time.Second)
				l.SetImmediate("arrive", func() { ask(came, func() { ask(time.Now(), l.Close) }) })
			})
		})
		sameTree(t, exporter.GetSpans(), []string{"work", "work > wait mailbox", "work > wait for hog", "work > work loop"})
		for _, s := range exporter.GetSpans() {
			if s.Name == "wait for hog" && s.EndTime.Sub(s.StartTime) != 800*time.Millisecond {
				t.Errorf("it waited for %v, want 800ms", s.EndTime.Sub(s.StartTime))
			}
		}
	})
}
