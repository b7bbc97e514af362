package service_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// What a request comes to is its goodput, wherever that is decided.
func TestGoodputIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	build := handles(service.Route{Patience: time.Second, Timeout: 3 * time.Second, Handle: func(t *loop.Task, r *service.Request) (service.Response, error) {
		switch r.RawQuery {
		case "slow":
			return service.Response{}, t.Sleep(1500 * time.Millisecond)
		case "hangs":
			return service.Response{}, t.Sleep(time.Minute)
		case "missing":
			return service.Response{}, &shop.Error{Code: shop.CodeNotFound}
		case "breaks":
			return service.Response{}, errors.New("broken")
		}
		return service.Response{}, nil
	}})
	config := servicetest.Config{Build: func(rt *service.Runtime) service.Service {
		rt.Metrics = registry
		return build(rt)
	}}
	servicetest.Run(t, config, func(c *servicetest.Client) {
		for _, target := range []string{"?", "?slow", "?hangs", "?missing", "?breaks"} {
			c.Do("GET", "/v1/x"+target, "")
		}
		c.Do("GET", "/v1/x", "", shop.HeaderDeadline, "soon") // malformed
		c.Do("GET", "/v1/y", "")                              // is no route
		c.Do("PUT", "/v1/x", "")                              // nor is this
		const name = "brownout_goodput_requests_total"
		want := "# HELP " + name + " Answers, by verdict: good, late for the client's patience, or wrong: a failure, or a refusal for want of room.\n" +
			"# TYPE " + name + " counter\n" +
			name + "{route=\"x\",verdict=\"good\"} 3\n" + name + "{route=\"x\",verdict=\"late\"} 1\n" + name + "{route=\"x\",verdict=\"wrong\"} 2\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), name); err != nil {
			t.Error(err)
		}
	})
}

// A request that finds no room is no goodput, though nothing is made of it.
func TestWhatIsTurnedAwayIsNoGoodput(t *testing.T) {
	f := newFront(t, frontConfig{
		loop: loop.Config{Mailbox: 2},
		routes: []service.Route{{Name: "look", Method: "GET", Pattern: "/v1/look", Patience: patience, Handle: func(*loop.Task, *service.Request) (service.Response, error) {
			return service.JSON(200, "seen")
		}}},
	})
	expect := func(verdict string, want string) {
		t.Helper()
		series := `brownout_goodput_requests_total{route="look",verdict="` + verdict + `"} ` + want
		if got := f.exposition(); !strings.Contains(got, series+"\n") {
			t.Errorf("%s is missing in\n%s", series, got)
		}
	}
	f.ask(get("/v1/look"))
	expect("good", "1")
	f.fill()
	f.ask(get("/v1/look"))
	expect("wrong", "1")
	expect("late", "0")
}
