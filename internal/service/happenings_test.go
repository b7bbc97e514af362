package service_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// traced runs fn on a loop in virtual time with a runtime whose traces are seen, until fn closes the
// loop, and returns their spans.
func traced(t *testing.T, fn func(rt *service.Runtime)) (spans tracetest.SpanStubs) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		l := loop.New(loop.Config{Grace: -1})
		rt := service.Simulate(l, service.SimulateConfig{Name: "front"})
		rt.Calls = nil // goroutines, which go on while the loop does not
		var err error
		if rt.Tracing, err = telemetry.NewTracing(telemetry.TracingConfig{Service: "front", Exporter: exporter}); err != nil {
			t.Fatal(err)
		}
		_ = l.Run(func() { fn(rt) })
		spans = exporter.GetSpans()
	})
	return spans
}

// asked sends a sampled request for /v1/work, and calls then with the status of its answer.
func asked(d *service.Dispatcher, then func(status int)) {
	r := &service.Request{Method: "GET", Path: "/v1/work", Headers: service.Fields{{Name: shop.HeaderTraceparent, Value: sampled}}, Received: time.Now()}
	d.Dispatch(r, func(a service.Response) { then(a.Status) })
}

// unreachable is a transport to nobody.
type unreachable struct{}

// RoundTrip implements service.Transport.
func (unreachable) RoundTrip(*loop.Task, *service.Call, time.Duration) (*service.Reply, error) {
	return nil, errors.New("nobody is there")
}

// What refuses a call is an event of the request, once, however often its error is looked at.
func TestTraceTellsWhoRefused(t *testing.T) {
	spans := traced(t, func(rt *service.Runtime) {
		back := service.NewClient(rt, service.ClientConfig{
			Downstream: "back", Transport: unreachable{}, Breaker: resilience.BreakerConfig{Failures: 1},
		})
		d := service.NewDispatcher(rt, works(func(t *loop.Task) error {
			_, err := back.Do(t, &service.Call{Name: "work", Method: "POST", Path: "/v1/work"})
			return err
		}), service.DispatcherConfig{})
		asked(d, func(int) { asked(d, func(int) { rt.Loop.Close() }) })
	})
	sameEvents(t, spans, "work", "refused brownout.protection=breaker brownout.target=back brownout.reason=open")
}

// What refuses another attempt is an event of the request, too, which fails with what the attempt before it came to.
func TestTraceTellsWhoRefusedARetry(t *testing.T) {
	for _, tt := range []struct {
		back step
		want string
	}{
		{step{err: errors.New("reset")}, "refused brownout.protection=retry-budget brownout.target=back brownout.reason=empty"},
		{step{status: 500}, "refused brownout.protection=retry-layer brownout.target=back brownout.reason=answered"},
	} {
		spans := traced(t, func(rt *service.Runtime) {
			back := service.NewClient(rt, service.ClientConfig{
				Downstream: "back", Transport: &script{steps: []step{tt.back}}, Retry: resilience.RetryConfig{Budget: -1, MinPerSecond: -1},
			})
			d := service.NewDispatcher(rt, works(func(t *loop.Task) error {
				_, err := back.Do(t, &service.Call{Name: "work", Method: "GET", Path: "/v1/work", Repeatable: true})
				return err
			}), service.DispatcherConfig{})
			asked(d, func(int) { rt.Loop.Close() })
		})
		sameEvents(t, spans, "work", tt.want)
	}
}

// A request that is itself refused says by whom.
func TestTraceTellsWhoRefusedTheRequest(t *testing.T) {
	spans := traced(t, func(rt *service.Runtime) {
		d := service.NewDispatcher(rt, works(func(t *loop.Task) error { return t.Sleep(time.Second) }), service.DispatcherConfig{InFlight: 1})
		asked(d, func(int) { rt.Loop.Close() })
		asked(d, func(status int) {
			if status != 503 {
				t.Errorf("status %d", status)
			}
		})
	})
	sameEvents(t, spans, "work", "refused brownout.protection=queue-bound brownout.target=requests brownout.reason=full")
}

// The time that a call waits for its turn, the time that others have it, and the time that its
// answer waits for the loop are told apart.
func TestTraceTellsWaitsFromCalls(t *testing.T) {
	spans := traced(t, func(rt *service.Runtime) {
		store := service.NewRedis(rt, service.RedisConfig{Addr: "127.0.0.1:1", Timeout: time.Minute, InFlight: 1})
		op := func(t *loop.Task, takes time.Duration) error {
			_, err := service.RedisDo(t, store, "op", func(context.Context, *redis.Client) (int, error) {
				time.Sleep(takes)
				return 0, nil
			})
			return err
		}
		rt.Loop.Spawn(context.Background(), "first", func(t *loop.Task) { _ = op(t, time.Second) })
		d := service.NewDispatcher(rt, works(func(t *loop.Task) error {
			rt.Loop.SetTimeout("hog", 2*time.Second, func() { time.Sleep(10 * time.Second) })
			return op(t, 3*time.Second)
		}), service.DispatcherConfig{Timeout: time.Minute})
		asked(d, func(int) { rt.Loop.Close() })
	})
	want := map[string]time.Duration{"wait redis connection": time.Second, "call redis: op": 3 * time.Second, "wait loop": 8 * time.Second}
	for _, s := range spans {
		if took, ok := want[s.Name]; ok {
			if s.EndTime.Sub(s.StartTime) != took {
				t.Errorf("%s took %v, want %v", s.Name, s.EndTime.Sub(s.StartTime), took)
			}
			delete(want, s.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("there are no spans %v", want)
	}
}

// Who has a message handled is done when that has undone what it had begun, also if both are cancelled.
func TestConsumeWaitsForWhatIsCancelled(t *testing.T) {
	traced(t, func(rt *service.Runtime) {
		stop := errors.New("stop")
		task := rt.Loop.Spawn(context.Background(), "sales", func(task *loop.Task) {
			undone := false
			err := rt.Consume(task, telemetry.Message{Topic: telemetry.Topic{Name: "orders", Group: "sales"}, ID: "1-0"}, func(t *loop.Task) error {
				err := t.Sleep(time.Hour)
				_ = t.Shielded(func() error { return t.Sleep(time.Second) })
				undone = true
				return err
			})
			if err != stop || !undone {
				t.Errorf("the error is %v, all was undone: %v", err, undone)
			}
			rt.Loop.Close()
		})
		rt.Loop.SetTimeout("stop", time.Second, func() { task.Cancel(stop) })
	})
}

// What handles a message has a trace of its own, in which its work and its calls are, and its
// failure.
func TestConsumerHasATraceOfItsOwn(t *testing.T) {
	failure := errors.New("no")
	spans := traced(t, func(rt *service.Runtime) {
		back := service.NewClient(rt, service.ClientConfig{Downstream: "back", Transport: unreachable{}})
		rt.Loop.Spawn(context.Background(), "sales", func(task *loop.Task) {
			m := telemetry.Message{Topic: telemetry.Topic{Name: "orders", Group: "sales"}, ID: "1-0", Traceparent: sampled}
			err := rt.Consume(task, m, func(t *loop.Task) error {
				_, _ = back.Do(t, &service.Call{Name: "work", Method: "POST", Path: "/v1/work"})
				return failure
			})
			if err != failure {
				t.Errorf("the error is %v", err)
			}
			rt.Loop.Close()
		})
	})
	ids := map[string]bool{}
	names := map[string]int{}
	for _, s := range spans {
		ids[s.SpanContext.TraceID().String()] = true
		names[s.Name]++
		if s.Name == "process orders" && (len(s.Links) != 1 || s.Links[0].SpanContext.TraceID().String() != callersTrace || s.Status.Description != "no") {
			t.Errorf("links %v, status %v", s.Links, s.Status)
		}
	}
	if len(ids) != 1 || ids[callersTrace] || names["process orders"] != 1 || names["work loop"] == 0 || names["call back: work"] != 1 {
		t.Errorf("traces %v, spans %v", ids, names)
	}
}
