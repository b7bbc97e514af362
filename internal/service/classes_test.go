package service_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A host bounds the classes of its pool, and stops to when it is told.
func TestClassesOfAHostAreBounded(t *testing.T) {
	h := host(t, service.HostConfig{Name: "doors", Workers: 6, Build: func(rt *service.Runtime) (service.Service, error) {
		rt.Classes("hash")
		return service.Service{}, nil
	}})
	for _, tt := range []struct {
		states       string
		share, bound int
	}{
		{`{}`, 3, 64},
		{`{"bulkhead":false}`, 6, 64},
		{`{"queue-bound":false}`, 6, 100_000},
		{`{"bulkhead":true,"queue-bound":true}`, 3, 64},
	} {
		h.admin("PUT", "/admin/protections", tt.states, h.ready.Token)
		if c := h.debug().Pool.Classes[0]; c.Share != tt.share || c.Bound != tt.bound {
			t.Errorf("after %s: %+v, want %d workers and %d jobs", tt.states, c, tt.share, tt.bound)
		}
	}
}

// What jobs and calls wait in is under codel and newest-first.
func TestLinesOfAHostAreWatched(t *testing.T) {
	bank := newCallee(t, says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true))
	done := make(chan error, 1)
	h := host(t, service.HostConfig{Name: "doors", Build: func(rt *service.Runtime) (service.Service, error) {
		hash := resilience.NewOffload(rt.Protections, "hash", rt.Classes("hash"))
		to := client(t, rt, bank.listener.Addr().String(), service.HTTPConfig{}, service.ClientConfig{})
		work := func(t *loop.Task) error {
			_, err := resilience.Run(t, hash, func(context.Context) (int, error) { return 0, nil })
			call := charge
			if _, failed := to.Do(t, &call); err == nil {
				err = failed
			}
			done <- err
			return t.Sleep(time.Hour)
		}
		return service.Service{Background: []service.Background{{Name: "work", Every: time.Millisecond, Run: work}}}, nil
	}})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_, metrics := h.admin("GET", "/metrics", "", h.ready.Token)
	for _, want := range []string{
		`admissions_total{protection="codel",target="hash"} 1`,
		`admissions_total{protection="codel",target="bank"} 1`,
		`admissions_total{protection="newest-first",target="hash"} 0`,
		`admissions_total{protection="newest-first",target="bank"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%s is not there", want)
		}
	}
}
