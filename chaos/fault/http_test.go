package fault_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// A front is a service behind a filter, and its client, in virtual time.
type front struct {
	*injected
	*servicetest.Client
}

func atFront(t *testing.T, fn func(*front)) {
	t.Helper()
	filter := &fault.Filter{}
	build := func(rt *service.Runtime) service.Service { return routed(filter, rt) }
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		f := &front{injector(t, fault.Catalogue(fault.Host{Loop: c.Task.Loop(), Filter: filter})...), c}
		defer f.ClearAll()
		fn(f)
	})
}

// begins begins a fault, and waits until the loop knows.
func (f *front) begins(kind, params string, s fault.Spec) {
	f.T.Helper()
	f.inject(kind, params, s)
	f.sleep(time.Millisecond)
}

func (f *front) sleep(d time.Duration) {
	f.T.Helper()
	if err := f.Task.Sleep(d); err != nil {
		f.T.Fatal(err)
	}
}

// ask sends a request, and returns the answer's status and how long it took.
func (f *front) ask(path string) (status int, took time.Duration) {
	f.T.Helper()
	began := time.Now()
	return f.Do("GET", path, "").Status, time.Since(began)
}

// expect asks, and wants a status after a time.
func (f *front) expect(what, path string, status int, after time.Duration) {
	f.T.Helper()
	if got, took := f.ask(path); got != status || took != after {
		f.T.Errorf("%s: %s is answered %d after %v, want %d after %v", what, path, got, took, status, after)
	}
}

func TestHitsAreEventsOfTheRequestsThatTheyHit(t *testing.T) {
	atFront(t, func(f *front) {
		exporter := servicetest.Trace(t, f.Runtime)
		f.begins("http.error", "", fault.Spec{First: 1})
		f.begins("http.latency", "", fault.Spec{First: 1})
		for range 3 {
			f.ask("/v1/ping")
		}
		got, want := servicetest.Events(exporter.GetSpans()), []string{"fault brownout.fault=http.error", "fault brownout.fault=http.latency"}
		if !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestFilterKnowsItsRoutes(t *testing.T) {
	atFront(t, func(f *front) {
		for _, kind := range []string{"http.latency", "http.error", "http.hang"} {
			_, err := f.Inject(fault.Spec{Fault: kind, Params: paramsOf("route=pong"), TTL: time.Minute})
			refusal(f.T, kind, err, shop.CodeInvalid, "/params/route")
		}
		f.begins("http.error", "route=other", fault.Spec{})
		f.expect("a route that is not meant", "/v1/ping", 200, 0)
		f.expect("one that is", "/v1/other", 503, 0)
		f.ClearAll()
		f.expect("after the end", "/v1/other", 200, 0)
		f.inject("http.error", "", fault.Spec{})
		f.ClearAll() // before the loop has heard of it
		f.sleep(time.Millisecond)
		f.expect("what never began", "/v1/other", 200, 0)
	})
	in := injector(t, fault.Catalogue(fault.Host{})...)
	_, err := in.Inject(fault.Spec{Fault: "http.hang", TTL: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "this process has no routes") {
		t.Error(err)
	}
}

func TestFaultsOfOneRouteAddUp(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.latency", "latency=100ms", fault.Spec{})
		f.begins("http.latency", "latency=200ms", fault.Spec{})
		f.begins("http.error", "", fault.Spec{First: 1})
		f.expect("all of them", "/v1/ping", 503, 300*time.Millisecond)
		f.expect("but the first error", "/v1/ping", 200, 300*time.Millisecond)
	})
}
