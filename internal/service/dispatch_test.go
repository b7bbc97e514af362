package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// handles makes a service of one route, GET /v1/x.
func handles(route service.Route) func(*service.Runtime) service.Service {
	route.Name, route.Method, route.Pattern = "x", "GET", "/v1/x"
	return func(rt *service.Runtime) service.Service {
		tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Random: rand.New(rand.NewPCG(1, 2))})
		if err != nil {
			panic(err)
		}
		rt.Tracing = tracing
		return service.Service{Routes: []service.Route{route}}
	}
}

func problemOf(t testing.TB, a servicetest.Answer) (p shop.Problem) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatalf("%s is no problem: %v", a.Body, err)
	}
	return p
}

func TestRequestsHaveADeadline(t *testing.T) {
	for _, tt := range []struct {
		header string
		route  time.Duration
		off    bool
		want   time.Duration
	}{
		{"", 0, false, 2 * time.Second},
		{"", 3 * time.Second, false, 3 * time.Second},
		{"500", 0, false, 500 * time.Millisecond},
		{"5000", 0, false, 2 * time.Second},
		{"999999999", time.Hour, false, service.MaxTimeout},
		{"500", 0, true, service.MaxTimeout},
	} {
		var left time.Duration
		handler := func(t *loop.Task, _ *service.Request) (service.Response, error) {
			deadline, _ := t.Deadline()
			left = time.Until(deadline)
			return service.Response{}, nil
		}
		servicetest.Run(t, servicetest.Config{Build: handles(service.Route{Timeout: tt.route, Handle: handler})}, func(c *servicetest.Client) {
			set(t, c.Runtime, resilience.Deadline, !tt.off)
			c.Do("GET", "/v1/x", "", shop.HeaderDeadline, tt.header)
		})
		if left != tt.want {
			t.Errorf("header %q, route %v, off %v: %v, want %v", tt.header, tt.route, tt.off, left, tt.want)
		}
	}
}

func set(t testing.TB, rt *service.Runtime, n resilience.Name, on bool) {
	t.Helper()
	if err := rt.Protections.Set(map[resilience.Name]bool{n: on}); err != nil {
		t.Fatal(err)
	}
}

func TestExpiredWorkIsNotBegun(t *testing.T) {
	begun := 0
	handler := func(*loop.Task, *service.Request) (service.Response, error) { begun++; return service.Response{}, nil }
	servicetest.Run(t, servicetest.Config{Build: handles(service.Route{Handle: handler})}, func(c *servicetest.Client) {
		if a := c.Do("GET", "/v1/x", "", shop.HeaderDeadline, "0"); a.Status != 504 || problemOf(t, a).Code != shop.CodeDeadline {
			t.Errorf("without any time: %+v", a)
		}
		// What has waited in the mailbox for as long as it may take is as late.
		for _, waited := range []time.Duration{2 * time.Second, 2*time.Second - 1} {
			late := &service.Request{Method: "GET", Path: "/v1/x", Received: time.Now().Add(-waited)}
			c.Dispatcher.Dispatch(late, func(r service.Response) {
				if want := map[bool]int{true: 504, false: 200}[waited >= 2*time.Second]; r.Status != want {
					t.Errorf("after %v: %d, want %d", waited, r.Status, want)
				}
			})
		}
		if begun != 1 || c.Dispatcher.InFlight() != 0 {
			t.Errorf("begun %d, in flight %d", begun, c.Dispatcher.InFlight())
		}
	})
}

// What has waited in the mailbox is refused once all that comes from there has waited.
func TestWorkThatIsTooOldIsNotBegun(t *testing.T) {
	begun := 0
	handler := func(*loop.Task, *service.Request) (service.Response, error) { begun++; return service.Response{}, nil }
	servicetest.Run(t, servicetest.Config{Build: handles(service.Route{Handle: handler})}, func(c *servicetest.Client) {
		ask := func(when string, want int) {
			t.Helper()
			old := &service.Request{Method: "GET", Path: "/v1/x", Received: time.Now().Add(-50 * time.Millisecond)}
			c.Dispatcher.Dispatch(old, func(r service.Response) {
				if r.Status != want {
					t.Errorf("%s: %d, want %d", when, r.Status, want)
				}
			})
		}
		ask("the first", 200)
		_ = c.Task.Sleep(100 * time.Millisecond)
		ask("after an interval", 503)
		set(t, c.Runtime, resilience.CoDel, false)
		ask("without codel", 200)
		if begun != 2 || c.Dispatcher.InFlight() != 0 {
			t.Errorf("begun %d, in flight %d", begun, c.Dispatcher.InFlight())
		}
	})
}

// What ends something begun is begun itself however old it is, and tells codel of its wait.
func TestWorkThatFinishesIsNeverTooOld(t *testing.T) {
	answer := func(*loop.Task, *service.Request) (service.Response, error) { return service.Response{}, nil }
	build := func(rt *service.Runtime) service.Service {
		return service.Service{Routes: []service.Route{
			{Name: "new", Method: "POST", Pattern: "/v1/x", Handle: answer},
			{Name: "end", Method: "DELETE", Pattern: "/v1/x", Handle: answer, Finishes: true},
		}}
	}
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		ask := func(method string, waited time.Duration, want int) {
			t.Helper()
			old := &service.Request{Method: method, Path: "/v1/x", Received: time.Now().Add(-waited)}
			c.Dispatcher.Dispatch(old, func(r service.Response) {
				if r.Status != want {
					t.Errorf("%s after %v: %d, want %d", method, waited, r.Status, want)
				}
			})
		}
		ask("DELETE", 50*time.Millisecond, 200)
		_ = c.Task.Sleep(100 * time.Millisecond)
		ask("DELETE", 50*time.Millisecond, 200)
		ask("POST", 50*time.Millisecond, 503)
		ask("DELETE", 2*time.Second, 504)
	})
}

func TestHandlersAreInterrupted(t *testing.T) {
	handler := func(t *loop.Task, _ *service.Request) (service.Response, error) {
		return service.Response{}, t.Sleep(time.Hour)
	}
	servicetest.Run(t, servicetest.Config{Build: handles(service.Route{Handle: handler})}, func(c *servicetest.Client) {
		began := time.Now()
		a := c.Do("GET", "/v1/x", "")
		if took := time.Since(began); a.Status != 504 || problemOf(t, a).Code != shop.CodeDeadline || took != 2*time.Second {
			t.Errorf("%+v after %v", a, took)
		}
	})
}

func TestUnforeseenErrorsAreLoggedAndNotTold(t *testing.T) {
	var log text
	handler := func(*loop.Task, *service.Request) (service.Response, error) {
		return service.Response{}, errors.New("the secret cause")
	}
	config := servicetest.Config{
		Build:    handles(service.Route{Handle: handler}),
		Simulate: service.SimulateConfig{Log: slog.New(slog.NewTextHandler(&log, nil))},
	}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		a := c.Do("GET", "/v1/x", "")
		p := problemOf(t, a)
		if a.Status != 500 || p.Code != shop.CodeInternal || len(p.TraceID) != 32 || strings.Contains(a.Body, "secret") {
			t.Errorf("%+v", a)
		}
		line := log.String()
		for _, want := range []string{"level=ERROR", "the secret cause", "trace_id=" + p.TraceID, "route=x"} {
			if !strings.Contains(line, want) {
				t.Errorf("the log has no %q: %s", want, line)
			}
		}
	})
}

func TestErrorsBecomeProblems(t *testing.T) {
	call := func(sent bool, err error) error {
		return fmt.Errorf("step 2: %w", &service.CallError{Downstream: "bank", Call: "c", Sent: sent, Err: err})
	}
	for _, tt := range []struct {
		err    error
		status int
		code   shop.Code
		retry  string
	}{
		{shop.Invalid("/a", "is bad"), 400, shop.CodeInvalid, ""},
		{fmt.Errorf("in the desk: %w", &shop.Error{Code: shop.CodeOutOfStock}), 409, shop.CodeOutOfStock, ""},
		{&shop.Error{Code: shop.CodeRateLimited, RetryAfter: 1500 * time.Millisecond}, 429, shop.CodeRateLimited, "2"},
		{&shop.Error{Code: "new"}, 500, "new", ""},
		{&resilience.Rejection{By: resilience.RateLimit}, 429, shop.CodeRateLimited, "1"},
		{&resilience.Rejection{By: resilience.Breaker, RetryAfter: 5 * time.Second}, 503, shop.CodeUnavailable, "5"},
		{&resilience.Rejection{By: resilience.RatioBreaker}, 503, shop.CodeUnavailable, "1"},
		{&resilience.Rejection{By: resilience.SlowBreaker}, 503, shop.CodeUnavailable, "1"},
		{&resilience.Rejection{By: resilience.SlowStart}, 503, shop.CodeUnavailable, "1"},
		{&resilience.Rejection{By: resilience.TenantLimit}, 429, shop.CodeRateLimited, "1"},
		{&resilience.Rejection{By: resilience.Bulkhead}, 503, shop.CodeOverloaded, "1"},
		{loop.ErrFull, 503, shop.CodeOverloaded, "1"},
		{fmt.Errorf("hash: %w", pool.ErrFull), 503, shop.CodeOverloaded, "1"},
		{loop.ErrClosed, 503, shop.CodeClosing, "1"},
		{pool.ErrClosed, 503, shop.CodeClosing, "1"},
		{context.DeadlineExceeded, 504, shop.CodeDeadline, ""},
		{context.Canceled, 504, shop.CodeDeadline, ""},
		{call(false, service.ErrNotSent), 503, shop.CodeUnavailable, "1"},
		{call(true, context.DeadlineExceeded), 504, shop.CodeDeadline, ""},
		{call(true, errors.New("reset")), 504, shop.CodeUnknown, ""},
		{call(true, &resilience.Rejection{By: resilience.Breaker}), 504, shop.CodeUnknown, ""}, // of the second attempt
		{errors.New("?"), 500, shop.CodeInternal, ""},
		{shop.Invalid("/\xff", "bytes \xff"), 400, shop.CodeInvalid, ""}, // what a client sent must not bring the answer down
	} {
		r := service.Problem(service.AsError(tt.err), "id")
		a := servicetest.Answer{Body: string(r.Body)}
		p := problemOf(t, a)
		if r.Status != tt.status || p.Status != tt.status || p.Code != tt.code || p.TraceID != "id" || field(r, "Retry-After") != tt.retry {
			t.Errorf("%v: %d %+v, Retry-After %q", tt.err, r.Status, p, field(r, "Retry-After"))
		}
	}
}

func field(r service.Response, name string) string { return service.Fields(r.Header).Get(name) }

func TestLessImportantRequestsAreShedFirst(t *testing.T) {
	for _, tt := range []struct {
		importance resilience.Importance
		off        []resilience.Name
		want       int // of 20 requests at once, with room for 10
	}{
		{resilience.Critical, nil, 10},
		{resilience.Normal, nil, 8},
		{resilience.Batch, nil, 5},
		{resilience.Batch, []resilience.Name{resilience.Priority}, 10},
		{resilience.Normal, []resilience.Name{resilience.Priority, resilience.QueueBound}, 20},
	} {
		handler := func(t *loop.Task, _ *service.Request) (service.Response, error) {
			return service.Response{}, t.Sleep(time.Second)
		}
		registry, build := prometheus.NewRegistry(), handles(service.Route{Importance: tt.importance, Handle: handler})
		config := servicetest.Config{
			Build:      func(rt *service.Runtime) service.Service { rt.Metrics = registry; return build(rt) },
			Dispatcher: service.DispatcherConfig{InFlight: 10},
		}
		servicetest.Run(t, config, func(c *servicetest.Client) {
			for _, name := range tt.off {
				set(t, c.Runtime, name, false)
			}
			statuses := map[int]int{}
			var waits []func()
			for range 20 {
				waits = append(waits, c.Go("client", func(c *servicetest.Client) { statuses[c.Do("GET", "/v1/x", "").Status]++ }))
			}
			for _, wait := range waits {
				wait()
			}
			if statuses[200] != tt.want || statuses[503] != 20-tt.want || c.Dispatcher.InFlight() != 0 {
				t.Errorf("%v without %v: %v, %d in flight, want %d taken", tt.importance, tt.off, statuses, c.Dispatcher.InFlight(), tt.want)
			}
			if peak := sumOf(t, registry, "brownout_http_in_flight_peak"); peak != float64(tt.want) {
				t.Errorf("%v without %v: at most %v at once, want %d", tt.importance, tt.off, peak, tt.want)
			}
		})
	}
}

// What comes is counted when it comes, be it taken or not.
func TestArrivalsAreCounted(t *testing.T) {
	handler := func(t *loop.Task, _ *service.Request) (service.Response, error) {
		return service.Response{}, t.Sleep(time.Minute)
	}
	registry := prometheus.NewRegistry()
	build := handles(service.Route{Handle: handler})
	config := servicetest.Config{
		Build: func(rt *service.Runtime) service.Service {
			rt.Metrics = registry
			return build(rt)
		},
		Dispatcher: service.DispatcherConfig{InFlight: 2},
	}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		for range 5 {
			c.Dispatcher.Dispatch(&service.Request{Method: "GET", Path: "/v1/x", Received: time.Now()}, func(service.Response) {})
		}
		want := "# HELP brownout_http_arrivals_peak The most requests that came within a tenth of a second, of the last 1.1 to 1.2 s.\n" +
			"# TYPE brownout_http_arrivals_peak gauge\n" +
			"brownout_http_arrivals_peak{route=\"other\"} 0\nbrownout_http_arrivals_peak{route=\"x\"} 5\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "brownout_http_arrivals_peak"); err != nil {
			t.Error(err)
		}
	})
}

func TestTokenIsAskedFor(t *testing.T) {
	handler := func(*loop.Task, *service.Request) (service.Response, error) { return service.Response{}, nil }
	config := servicetest.Config{Build: handles(service.Route{Handle: handler}), Dispatcher: service.DispatcherConfig{Token: "secret"}}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		for _, tt := range []struct {
			header string
			status int
		}{
			{"Bearer secret", 200},
			{"bearer secret", 200}, // a scheme is case-insensitive (RFC 9110, 11.1)
			{"Bearer secre", 401},
			{"Bearer secrets", 401},
			{"secret", 401},
			{"Bearer ", 401},
			{"", 401},
		} {
			a := c.Do("GET", "/v1/x", "", "Authorization", tt.header)
			if a.Status != tt.status || tt.status == 401 && a.Header["WWW-Authenticate"] != "Bearer" {
				t.Errorf("%q: %+v", tt.header, a)
			}
		}
	})
}

func TestBackgroundWorkGoesOn(t *testing.T) {
	for _, tt := range []struct {
		every, run time.Duration
		want       int // runs in 10 s
	}{
		{time.Second, 0, 9},           // and the tenth at the end
		{time.Second, time.Second, 5}, // the pause is between runs
		{0, 0, 10},
		{0, time.Second, 5},
	} {
		runs := 0
		var log text
		build := func(*service.Runtime) service.Service {
			return service.Service{Background: []service.Background{{Name: "sweep", Every: tt.every, Run: func(t *loop.Task) error {
				runs++
				if tt.run > 0 {
					_ = t.Sleep(tt.run)
				}
				return errors.New("dust")
			}}}}
		}
		simulate := service.SimulateConfig{Log: slog.New(slog.NewTextHandler(&log, nil))}
		servicetest.Run(t, servicetest.Config{Build: build, Simulate: simulate}, func(c *servicetest.Client) {
			_ = c.Task.Sleep(10*time.Second - 1)
		})
		if runs != tt.want {
			t.Errorf("every %v, for %v: %d runs, want %d", tt.every, tt.run, runs, tt.want)
		}
		if logged := strings.Count(log.String(), "dust"); logged == 0 || logged > runs || !strings.Contains(log.String(), "task=sweep") {
			t.Errorf("%d runs failed, %d are logged", runs, logged)
		}
	}
}

func TestPathsOfClientsMakeNoMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := func(*loop.Task, *service.Request) (service.Response, error) { return service.Response{}, nil }
	build := handles(service.Route{Handle: handler})
	config := servicetest.Config{Build: func(rt *service.Runtime) service.Service {
		rt.Metrics = registry
		return build(rt)
	}}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		random := rand.New(rand.NewPCG(1, 2))
		methods := []string{"GET", "POST", "BREW"}
		for range 100_000 {
			path := fmt.Sprintf("/v1/%x", random.Uint64())
			r := &service.Request{Method: methods[random.IntN(3)], Path: path, Received: time.Now()}
			c.Dispatcher.Dispatch(r, func(service.Response) {})
		}
		c.Do("GET", "/v1/x", "")
	})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, f := range families {
		series += len(f.GetMetric())
	}
	came, answered := sumOf(t, registry, "brownout_http_arrivals_total"), sumOf(t, registry, "brownout_http_requests_total")
	if series > 9 || came != 100_001 || answered != 100_001 {
		t.Errorf("%d series, %v requests that came, %v answered", series, came, answered)
	}
}

func TestRefusalsAllocateLittle(t *testing.T) {
	handler := func(*loop.Task, *service.Request) (service.Response, error) { return service.Response{}, nil }
	config := servicetest.Config{Build: handles(service.Route{Handle: handler}), Dispatcher: service.DispatcherConfig{Token: "secret"}}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		r := &service.Request{Method: "GET", Path: "/v1/x", Received: time.Now()}
		if n := testing.AllocsPerRun(100, func() { c.Dispatcher.Dispatch(r, func(service.Response) {}) }); n > 20 {
			t.Errorf("%v allocations", n)
		}
	})
}
