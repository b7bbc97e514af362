package service_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// What is sent for a caller who has left is counted, also while nothing keeps it from being sent.
func TestCallsForCallersWhoHaveLeftAreCounted(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		header     string
		before     time.Duration // what the request does before its call
		takes      time.Duration // the call
		downstream service.Call
		shielded   bool
		on         bool // the deadline protection
		want       float64
	}{
		"in time":                            {header: "100", before: 100 * ms, want: 0},
		"too late":                           {header: "100", before: 101 * ms, want: 1},
		"answered late, but begun in time":   {header: "100", before: 50 * ms, takes: time.Second, want: 0},
		"a caller who does not say":          {header: "", before: 10 * time.Second, want: 0},
		"a deadline ends the request first":  {header: "100", before: 101 * ms, on: true, want: 0},
		"what must be finished all the same": {header: "100", before: 101 * ms, shielded: true, on: true, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			var client *service.Client
			work := func(task *loop.Task) error {
				if err := task.Sleep(tt.before); err != nil {
					return err
				}
				_, err := client.Do(task, &service.Call{Name: "charge", Method: "GET", Path: "/"})
				return err
			}
			handler := func(task *loop.Task, _ *service.Request) (service.Response, error) {
				if tt.shielded {
					return service.Response{}, task.Shielded(func() error { return work(task) })
				}
				return service.Response{}, work(task)
			}
			build := handles(service.Route{Timeout: time.Minute, Handle: handler})
			config := servicetest.Config{Build: func(rt *service.Runtime) service.Service {
				rt.Metrics = registry
				client = service.NewClient(rt, service.ClientConfig{Downstream: "bank", Transport: &script{steps: []step{{status: 200, takes: tt.takes}}}, Timeout: time.Minute})
				return build(rt)
			}}
			servicetest.Run(t, config, func(c *servicetest.Client) {
				set(t, c.Runtime, resilience.Deadline, tt.on)
				c.Do("GET", "/v1/x", "", shop.HeaderDeadline, tt.header)
			})
			if got := sumOf(t, registry, "brownout_client_late_attempts_total"); got != tt.want {
				t.Errorf("%v calls are late, want %v", got, tt.want)
			}
		})
	}
}
