package servicetest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
)

// Config says what Run runs.
type Config struct {
	// Build makes the service.
	Build func(rt *service.Runtime) service.Service
	// OpenAPI, if not nil, is what every exchange is held against.
	OpenAPI []byte
	// Dispatcher says how requests are taken.
	Dispatcher service.DispatcherConfig
	// Simulate says how the runtime behaves.
	Simulate service.SimulateConfig
}

// A Client asks the service under test. It is a task on the loop of the service.
type Client struct {
	T          testing.TB
	Task       *loop.Task
	Runtime    *service.Runtime
	Dispatcher *service.Dispatcher

	contract *Contract
}

// An Answer is what a request was answered with.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Run runs a service on one loop in virtual time, its background work included, and fn
// as a task beside it. All ends when fn has returned.
func Run(t *testing.T, c Config, fn func(*Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var contract *Contract
		if c.OpenAPI != nil {
			contract = NewContract(t, c.OpenAPI)
		}
		l := loop.New(loop.Config{Name: "test", Grace: -1})
		rt := service.Simulate(l, c.Simulate)
		d := service.NewDispatcher(rt, c.Build(rt), c.Dispatcher)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		run(t, l, func() {
			d.StartBackground(ctx)
			l.Spawn(t.Context(), "test", func(task *loop.Task) {
				defer l.Close()
				defer cancel()
				fn(&Client{t, task, rt, d, contract})
			})
		})
	})
}

// run runs a loop; that its end had to cancel tasks is nothing to report.
func run(t testing.TB, l *loop.Loop, main func()) {
	t.Helper()
	if err := l.Run(main); err != nil {
		t.Errorf("the end of the loop: %v", err)
	}
}

// Do sends a request and waits for the answer. Headers are pairs of name and value.
func (c *Client) Do(method, target, body string, headers ...string) Answer {
	c.T.Helper()
	path, query, _ := strings.Cut(target, "?")
	r := &service.Request{
		Method: method, Path: path, RawQuery: query, Body: []byte(body), Headers: fields(headers), Received: time.Now(),
	}
	answered := loop.NewPromise[service.Response](c.Task.Loop(), "answer")
	c.Dispatcher.Dispatch(r, func(got service.Response) { answered.Resolve(got) })
	got, err := loop.Await(c.Task, answered)
	if err != nil {
		c.T.Fatalf("%s %s: no answer: %v", method, target, err)
	}
	answer := answerOf(got)
	c.check(method, target, body, headers, answer)
	return answer
}

func (c *Client) check(method, target, body string, headers []string, a Answer) {
	c.T.Helper()
	if c.contract == nil {
		return
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return // no request that HTTP could carry
	}
	for _, f := range fields(headers) {
		r.Header.Set(f.Name, f.Value)
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	header := http.Header{}
	for name, value := range a.Header {
		header.Set(name, value)
	}
	c.contract.Check(c.T, r, body, a.Status, header, a.Body)
}

// Go runs fn as another client, at the same time; wait waits until it has returned.
func (c *Client) Go(name string, fn func(*Client)) (wait func()) {
	done := loop.NewPromise[struct{}](c.Task.Loop(), name)
	c.Task.Loop().Spawn(c.Task.Context(), name, func(t *loop.Task) {
		defer done.Resolve(struct{}{})
		other := *c
		other.Task = t
		fn(&other)
	})
	return func() { _, _ = loop.Await(c.Task, done) }
}

func fields(pairs []string) service.Fields {
	var all service.Fields
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, service.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func answerOf(r service.Response) Answer {
	a := Answer{Status: r.Status, Header: map[string]string{}, Body: string(r.Body)}
	if len(r.Body) > 0 {
		a.Header["Content-Type"] = r.MediaType()
	}
	for _, f := range r.Header {
		a.Header[f.Name] = f.Value
	}
	return a
}
