package service_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// A script is a transport that does what it is told, in order; the last step again and
// again.
type script struct {
	steps []step
	calls []*service.Call
}

type step struct {
	status int
	body   string // "" for one of a member
	err    error
	takes  time.Duration
}

func (s *script) RoundTrip(t *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	now := s.steps[min(len(s.calls), len(s.steps)-1)]
	s.calls = append(s.calls, c)
	if now.takes > 0 {
		if err := t.Sleep(now.takes); err != nil {
			return nil, err
		}
	}
	if now.err != nil {
		return nil, now.err
	}
	return &service.Reply{Status: now.status, Body: []byte(cmp.Or(now.body, `{"a":1}`))}, nil
}

// asking runs fn with a client of a script in virtual time.
func asking(t *testing.T, s *script, c service.ClientConfig, fn func(*loop.Task, *service.Runtime, *service.Client)) {
	t.Helper()
	nothing := func(*service.Runtime) service.Service { return service.Service{} }
	servicetest.Run(t, servicetest.Config{Build: nothing}, func(test *servicetest.Client) {
		c.Downstream, c.Transport = "bank", s
		fn(test.Task, test.Runtime, service.NewClient(test.Runtime, c))
	})
}

// elsewhere is the answer of a callee that is well, and needs one that is not.
var elsewhere = step{status: 503, body: `{"code":"dependency-unavailable","status":503}`}

func TestCallsAreRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	var (
		reset   = step{err: errors.New("reset")}
		notSent = step{err: fmt.Errorf("%w: refused", service.ErrNotSent)}
		ok      = step{status: 200}
	)
	status := func(n int) step { return step{status: n} }
	const layered, unlayered = true, false // whether retry-layer is on
	for _, tt := range []struct {
		call     string
		layer    bool
		steps    []step
		attempts int
		status   int  // 0 for an error
		sent     bool // what that says
	}{
		{"POST once", layered, []step{ok}, 1, 200, false},
		{"POST once", layered, []step{status(404)}, 1, 404, false},
		{"POST once", layered, []step{reset}, 1, 0, true},
		{"POST once", layered, []step{notSent, ok}, 2, 200, false},
		{"POST once", layered, []step{notSent}, 3, 0, false},
		{"POST once", layered, []step{notSent, reset}, 2, 0, true},
		{"POST once", layered, []step{status(503)}, 1, 503, false},
		{"POST once", unlayered, []step{status(503), ok}, 2, 200, false},
		{"POST once", unlayered, []step{status(503)}, 3, 503, false},
		{"POST once", layered, []step{elsewhere}, 1, 503, false},
		{"POST once", unlayered, []step{elsewhere}, 3, 503, false},
		{"POST once", unlayered, []step{status(500)}, 1, 500, false},
		{"POST again", layered, []step{reset, ok}, 2, 200, false},
		{"POST again", layered, []step{reset, status(402)}, 2, 402, false},
		{"POST again", layered, []step{reset}, 3, 0, true},
		{"POST again", layered, []step{reset, notSent}, 3, 0, true},
		{"POST again", layered, []step{reset, status(500)}, 2, 500, false},
		{"POST again", unlayered, []step{status(500), ok}, 2, 200, false},
		// A refusal says nothing of the attempt before it.
		{"POST again", layered, []step{reset, status(503)}, 2, 0, true},
		{"POST again", layered, []step{reset, status(429)}, 2, 0, true},
		{"POST again", unlayered, []step{status(504), status(503)}, 3, 0, true},
		{"POST again", unlayered, []step{status(503), status(429)}, 2, 429, false},
		{"GET again", layered, []step{reset, status(503)}, 2, 503, false},
	} {
		s := &script{steps: tt.steps}
		asking(t, s, service.ClientConfig{}, func(task *loop.Task, rt *service.Runtime, c *service.Client) {
			set(t, rt, resilience.RetryLayer, tt.layer)
			var method, times string
			_, _ = fmt.Sscan(tt.call, &method, &times)
			reply, err := c.Do(task, &service.Call{Name: "c", Method: method, Path: "/", Repeatable: times == "again"})
			got := 0
			if err == nil {
				got = reply.Status
			}
			if got != tt.status || len(s.calls) != tt.attempts || service.MayHaveHappened(err) != tt.sent {
				t.Errorf("%s %v (layer %v): %d, %v after %d attempts; want %d, sent %v after %d",
					tt.call, tt.steps, tt.layer, got, err, len(s.calls), tt.status, tt.sent, tt.attempts)
			}
			if e, ok := errors.AsType[*service.CallError](err); err != nil && (!ok || e.Attempts != tt.attempts || e.Downstream != "bank") {
				t.Errorf("%s: %+v", tt.call, err)
			}
		})
	}
}

func TestRetriesHaveABudget(t *testing.T) {
	s := &script{steps: []step{{err: errors.New("reset")}}}
	config := service.ClientConfig{Retry: resilience.RetryConfig{Budget: -1, MinPerSecond: .2}, Breaker: resilience.BreakerConfig{Failures: 1000}}
	asking(t, s, config, func(task *loop.Task, rt *service.Runtime, c *service.Client) {
		for range 10 { // two retries are saved for the beginning
			_, _ = c.Do(task, &service.Call{Name: "c", Method: "GET", Path: "/", Repeatable: true})
		}
		if len(s.calls) != 12 {
			t.Errorf("%d attempts", len(s.calls))
		}
		set(t, rt, resilience.RetryBudget, false)
		if _, _ = c.Do(task, &service.Call{Name: "c", Method: "GET", Path: "/", Repeatable: true}); len(s.calls) != 15 {
			t.Errorf("%d attempts without the budget", len(s.calls))
		}
	})
}

// A layer is a service that does nothing but call the next.
type layer struct{ next *service.Client }

func (l layer) RoundTrip(t *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	return l.next.Do(t, &service.Call{Name: c.Name, Method: c.Method, Path: c.Path, Repeatable: true})
}

// Without the protections of retries, three layers of three attempts make 27 of one; with
// them, one that fails stays one, and what fails for once is tried again.
func TestRetriesMultiply(t *testing.T) {
	const on, off = true, false
	failing, once := []step{{status: 500}}, []step{{err: errors.New("reset")}, {status: 200}}
	for _, tt := range []struct {
		layer, budget bool
		steps         []step
		calls         int // by clients
		least, most   int // of what reaches the last layer
	}{
		{off, off, failing, 1, 27, 27},
		{off, off, failing, 100, 2700, 2700},
		{on, on, failing, 100, 100, 100},
		{on, on, once, 1, 2, 2},
		{off, on, failing, 100, 101, 200}, // a tenth on top of each layer, and what was saved
	} {
		s := &script{steps: tt.steps}
		asking(t, s, service.ClientConfig{Breaker: patient}, func(task *loop.Task, rt *service.Runtime, c *service.Client) {
			set(t, rt, resilience.RetryLayer, tt.layer)
			set(t, rt, resilience.RetryBudget, tt.budget)
			for _, name := range []string{"middle", "edge"} {
				c = service.NewClient(rt, service.ClientConfig{Downstream: name, Transport: layer{c}, Breaker: patient, Timeout: time.Hour})
			}
			for range tt.calls {
				_, _ = c.Do(task, &service.Call{Name: "c", Method: "GET", Path: "/", Repeatable: true})
			}
			if n := len(s.calls); n < tt.least || n > tt.most {
				t.Errorf("layer %v, budget %v: %d calls become %d, want %d to %d", tt.layer, tt.budget, tt.calls, n, tt.least, tt.most)
			}
		})
	}
}

// patient never opens.
var patient = resilience.BreakerConfig{Failures: 1 << 20}

func TestCallsCarryWhatTheCalleeMustKnow(t *testing.T) {
	s := &script{steps: []step{{err: service.ErrNotSent}, {status: 200}}}
	asking(t, s, service.ClientConfig{Token: "secret", Timeout: time.Minute}, func(task *loop.Task, rt *service.Runtime, c *service.Client) {
		set(t, rt, resilience.Jitter, false)
		call := &service.Call{Name: "c", Method: "POST", Path: "/", Body: []byte("{}"), Header: []service.Field{{Name: "Customer-Id", Value: "a"}}}
		_ = task.WithTimeout(2*time.Second, func() error {
			_, err := c.Do(task, call)
			return err
		})
		for i, want := range []map[string]string{
			{"Attempt": "1", "Deadline-Ms": "2000", "Authorization": "Bearer secret", "Content-Type": "application/json", "Customer-Id": "a"},
			{"Attempt": "2", "Deadline-Ms": "1980"},
		} {
			for name, value := range want {
				if got := service.Fields(s.calls[i].Header).Get(name); got != value {
					t.Errorf("attempt %d: %s: %q, want %q", i+1, name, got, value)
				}
			}
		}
		if len(call.Header) != 1 {
			t.Errorf("the caller's headers have become %v", call.Header)
		}
	})
}

func TestCallsEndInTime(t *testing.T) {
	for _, tt := range []struct {
		limit    time.Duration // of the task
		steps    []step
		attempts int
		took     time.Duration
		sent     bool
	}{
		{time.Hour, []step{{takes: time.Hour}}, 1, time.Second, true}, // a timeout of the attempt
		{300 * time.Millisecond, []step{{takes: time.Hour}}, 1, 300 * time.Millisecond, true},
		{110 * time.Millisecond, []step{{takes: 100 * time.Millisecond, err: service.ErrNotSent}}, 1, 100 * time.Millisecond, false}, // no time for a pause
	} {
		s := &script{steps: tt.steps}
		asking(t, s, service.ClientConfig{}, func(task *loop.Task, rt *service.Runtime, c *service.Client) {
			set(t, rt, resilience.Jitter, false)
			began := time.Now()
			err := task.WithTimeout(tt.limit, func() error {
				_, err := c.Do(task, &service.Call{Name: "c", Method: "POST", Path: "/"})
				return err
			})
			if took := time.Since(began); took != tt.took || len(s.calls) != tt.attempts || service.MayHaveHappened(err) != tt.sent {
				t.Errorf("within %v: %v after %v and %d attempts", tt.limit, err, took, len(s.calls))
			}
		})
	}
}

func TestBreakerOpensForAFailingCalleeOnly(t *testing.T) {
	cancel := func(t *loop.Task) { t.Loop().SetTimeout("leave", 10*time.Millisecond, func() { t.Cancel(nil) }) }
	patience := func(d time.Duration) func(*loop.Task, func() error) error {
		return func(t *loop.Task, fn func() error) error { return t.WithTimeout(d, fn) }
	}
	leaving := func(t *loop.Task, fn func() error) error { cancel(t); return fn() }
	for name, tt := range map[string]struct {
		step  step
		limit func(*loop.Task, func() error) error
		opens bool
	}{
		"resets":             {step{err: errors.New("reset")}, patience(time.Hour), true},
		"cannot be reached":  {step{err: service.ErrNotSent}, patience(time.Hour), true},
		"answers 500":        {step{status: 500}, patience(time.Hour), true},
		"answers 404":        {step{status: 404}, patience(time.Hour), false},
		"is away":            {step{status: 503}, patience(time.Hour), true},
		"needs one away":     {elsewhere, patience(time.Hour), false},
		"is silent":          {step{takes: time.Hour}, patience(time.Hour), true},
		"is given some time": {step{takes: time.Hour}, patience(250 * time.Millisecond), true},
		"is given no time":   {step{takes: time.Hour}, patience(10 * time.Millisecond), false},
		"is left":            {step{takes: time.Hour}, leaving, false},
	} {
		s := &script{steps: []step{tt.step}}
		config := service.ClientConfig{Retry: resilience.RetryConfig{Attempts: 1}}
		asking(t, s, config, func(task *loop.Task, _ *service.Runtime, c *service.Client) {
			call := &service.Call{Name: "c", Method: "POST", Path: "/"}
			for range 5 {
				p := loop.Async(task.Context(), task.Loop(), "caller", func(t *loop.Task) (struct{}, error) {
					return struct{}{}, tt.limit(t, func() error { _, err := c.Do(t, call); return err })
				})
				_, _ = loop.Await(task, p)
			}
			s.steps = []step{{status: 200}}
			_, err := c.Do(task, call)
			e, refused := errors.AsType[*resilience.Rejection](err)
			if refused != tt.opens || refused && (e.By != resilience.Breaker || service.MayHaveHappened(err)) {
				t.Errorf("a callee that %s: then %v", name, err)
			}
			_ = task.Sleep(5*time.Second + time.Millisecond)
			if _, err := c.Do(task, call); err != nil {
				t.Errorf("a callee that %s: 5 s later %v", name, err)
			}
		})
	}
}

// An answer that takes more than half of the timeout is slow.
func TestSlowCalleesAreLeftAlone(t *testing.T) {
	for takes, want := range map[time.Duration]bool{40 * time.Millisecond: false, 60 * time.Millisecond: true} {
		s := &script{steps: []step{{status: 200, takes: takes}}}
		asking(t, s, service.ClientConfig{Timeout: 100 * time.Millisecond}, func(task *loop.Task, _ *service.Runtime, c *service.Client) {
			call := &service.Call{Name: "c", Method: "GET", Path: "/"}
			for range 10 {
				if _, err := c.Do(task, call); err != nil {
					t.Errorf("an answer after %v: %v", takes, err)
				}
			}
			_, err := c.Do(task, call)
			e, refused := errors.AsType[*resilience.Rejection](err)
			if refused != want || refused && e.By != resilience.SlowBreaker {
				t.Errorf("after 10 answers that took %v: %v", takes, err)
			}
		})
	}
}

// An answering is a transport that always gives the same reply.
type answering struct{ reply service.Reply }

func (a answering) RoundTrip(*loop.Task, *service.Call, time.Duration) (*service.Reply, error) {
	return &a.reply, nil
}

func TestFetchReadsTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		code   shop.Code // "" for none
		happen bool
	}{
		{200, `{"id":"a"}`, "", false},
		{201, `{"id":"a","new":"member"}`, "", false},
		{200, `{"id":`, shop.CodeBadGateway, true},
		{200, `<html>`, shop.CodeBadGateway, true},
		{200, ``, shop.CodeBadGateway, true},
		{302, ``, shop.CodeBadGateway, true},
		{409, `{"code":"out-of-stock","status":409,"detail":"gone"}`, shop.CodeOutOfStock, false},
		{402, `{"code":"payment-declined"}`, shop.CodeDeclined, false},
		{503, `{"code":"overloaded"}`, shop.CodeOverloaded, false},
		{503, elsewhere.body, shop.CodeDependency, false},
		{504, `{"code":"outcome-unknown"}`, shop.CodeUnknown, true},
		{500, `{"code":"internal"}`, shop.CodeInternal, true},
		{500, `{"code":"out-of-stock"}`, shop.CodeBadGateway, true}, // not its status
		{500, `{"code":"no-such-code"}`, shop.CodeBadGateway, true},
		{502, `<html>`, shop.CodeBadGateway, true},
		{404, ``, shop.CodeBadGateway, true},
	} {
		nothing := func(*service.Runtime) service.Service { return service.Service{} }
		servicetest.Run(t, servicetest.Config{Build: nothing}, func(test *servicetest.Client) {
			tr := answering{service.Reply{Status: tt.status, Body: []byte(tt.body), Header: []service.Field{{Name: "Retry-After", Value: "7"}}}}
			c := service.NewClient(test.Runtime, service.ClientConfig{Downstream: "bank", Transport: tr})
			got, err := service.Fetch[struct {
				ID string `json:"id"`
			}](test.Task, c, &service.Call{Name: "c", Method: "POST", Path: "/"})
			if shop.CodeOf(err) != tt.code || service.MayHaveHappened(err) != tt.happen || err == nil && got.ID != "a" {
				t.Errorf("%d %s: %+v, %v", tt.status, tt.body, got, err)
			}
			if e, ok := errors.AsType[*shop.Error](err); ok && e.Code != shop.CodeBadGateway && e.RetryAfter != 7*time.Second {
				t.Errorf("%d %s: to be tried again after %v", tt.status, tt.body, e.RetryAfter)
			}
		})
	}
}

func TestMemoryFailsAsADatabaseDoes(t *testing.T) {
	nothing := func(*service.Runtime) service.Service { return service.Service{} }
	fault := errors.New("fault")
	servicetest.Run(t, servicetest.Config{Build: nothing}, func(c *servicetest.Client) {
		m := service.NewMemory(c.Runtime)
		for name, tt := range map[string]struct {
			before, after, own error
			limit              time.Duration
			want               error
			sent, done         bool
		}{
			"well":          {nil, nil, nil, time.Hour, nil, false, true},
			"an own error":  {nil, nil, shop.Invalid("", ""), time.Hour, shop.Invalid("", ""), false, true},
			"not done":      {fault, nil, nil, time.Hour, fault, false, false},
			"reply lost":    {nil, fault, nil, time.Hour, fault, true, true},
			"ended waiting": {nil, nil, nil, time.Microsecond, context.DeadlineExceeded, false, false},
		} {
			done := false
			m.Fault = func(string) (error, error) { return tt.before, tt.after }
			err := c.Task.WithTimeout(tt.limit, func() error {
				_, err := service.MemoryDo(c.Task, m, "op", func() (int, error) { done = true; return 0, tt.own })
				return err
			})
			_ = c.Task.Sleep(time.Second)
			_, isCall := errors.AsType[*service.CallError](err)
			if service.MayHaveHappened(err) != tt.sent || done != tt.done || isCall != (tt.want != nil && tt.own == nil) {
				t.Errorf("%s: %v, done %v", name, err, done)
			}
			if tt.own == nil && !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
	})
}
