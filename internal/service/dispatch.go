package service

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// DefaultInFlight bounds the requests that are under way in a service at a time,
// while the queue-bound protection is on.
const DefaultInFlight = 1024

// DispatcherConfig says how a dispatcher works.
type DispatcherConfig struct {
	// InFlight bounds the requests under way; 0 means DefaultInFlight.
	InFlight int
	// Memory is what requests may hold, and Heap what may live on the heap before they
	// are refused; see resilience.MemoryConfig.
	Memory resilience.MemoryConfig
	// Timeout is that of routes which name none; 0 means 2 s.
	Timeout time.Duration
	// Base is the context of all tasks; nil means context.Background. A
	// simulation knows the tasks of a service by it.
	Base context.Context
	// Token, if not empty, is the bearer token that every request must carry.
	Token string
}

// A Dispatcher brings requests to the handlers of a service: it admits them, gives
// each a task with a deadline and a trace, and makes answers of errors.
type Dispatcher struct {
	config   DispatcherConfig
	runtime  *Runtime
	service  Service
	router   *router
	http     *telemetry.HTTPMetrics
	goodput  *telemetry.GoodputMetrics
	crowd    *telemetry.InFlightMetrics
	deadline *resilience.Deadliner
	bound    *resilience.QueueLimit
	age      *resilience.AgeLimit
	priority *resilience.PriorityGate
	memory   *resilience.MemoryGate
	inFlight atomic.Int64
}

// NewDispatcher makes the dispatcher of a service. On the loop only.
func NewDispatcher(rt *Runtime, s Service, c DispatcherConfig) *Dispatcher {
	if c.InFlight <= 0 {
		c.InFlight = DefaultInFlight
	}
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Base == nil {
		c.Base = context.Background()
	}
	d := &Dispatcher{
		config:   c,
		runtime:  rt,
		service:  s,
		router:   newRouter(s.Routes),
		deadline: resilience.NewDeadline(rt.Protections, resilience.DeadlineConfig{Default: c.Timeout, Most: MaxTimeout}),
		bound:    resilience.NewQueueBound(rt.Protections, "requests", c.InFlight),
		age:      resilience.NewCoDel(rt.Protections, "mailbox", resilience.CoDelConfig{}),
		priority: resilience.NewPriority(rt.Protections, "requests", c.InFlight),
		memory:   resilience.NewMemoryBound(rt.Protections, "requests", c.Memory),
	}
	d.http = telemetry.NewHTTPMetrics(rt.Metrics, d.router.names())
	d.goodput = telemetry.NewGoodputMetrics(rt.Metrics, patience(s.Routes))
	d.crowd = telemetry.NewInFlightMetrics(rt.Metrics)
	return d
}

// patience is that of the clients of routes, by name, where there is one.
func patience(routes []Route) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, r := range routes {
		if r.Patience > 0 {
			all[r.Name] = r.Patience
		}
	}
	return all
}

// InFlight returns how many requests are under way. Any goroutine may call it.
func (d *Dispatcher) InFlight() int { return int(d.inFlight.Load()) }

// Held returns how many bytes the requests under way hold, and large answers that their
// clients are taking. Any goroutine may call it.
func (d *Dispatcher) Held() int64 { return d.memory.Held() }

// SetLive says how many bytes live on the heap. Any goroutine may call it.
func (d *Dispatcher) SetLive(n uint64) { d.memory.SetLive(n) }

// Dispatch answers a request: done is called with the answer, once, on the loop. It
// is the way in of a simulation; a listener goes the same way in two steps. On the
// loop only.
func (d *Dispatcher) Dispatch(r *Request, done func(Response)) {
	x := &exchange{Request: *r, dispatcher: d, done: func(x *exchange) { x.release(); done(x.response) }}
	if refused := x.admit(nil); refused != nil {
		done(*refused)
		return
	}
	x.begin()
}

// StartBackground spawns the tasks of the service's background work; they go on until
// ctx is done. On the loop only.
func (d *Dispatcher) StartBackground(ctx context.Context) {
	for _, b := range d.service.Background {
		d.runtime.Loop.Spawn(ctx, b.Name, func(t *loop.Task) { d.background(t, b) })
	}
}

// restart is the pause before background work that has failed is begun again.
const restart = time.Second

func (d *Dispatcher) background(t *loop.Task, b Background) {
	pause := b.Every
	if pause <= 0 {
		pause = restart
	}
	for {
		if b.Every > 0 && t.Sleep(pause) != nil {
			return
		}
		if err := b.Run(t); err != nil && t.Err() == nil {
			d.runtime.Log.Warn("background work failed", slog.String("task", b.Name), slog.Any("error", err))
		}
		if b.Every <= 0 && t.Sleep(pause) != nil {
			return
		}
	}
}

// An exchange is one request on its way through the loop, and the answer to it.
type exchange struct {
	Request
	dispatcher *Dispatcher
	response   Response
	done       func(*exchange) // on the loop, with the answer
	budget     time.Duration   // what the request may take, from Received on
	held       int64           // bytes that are reserved for it
	context    *requestContext // never used again: what ran for the request may still look at it

	runFn func(*loop.Task) // run, bound once
}

// admit finds the route and decides whether the request is served at all; malformed,
// if not nil, is why it is not. A request that is admitted counts as under way until its
// answer. Any goroutine may call it.
func (x *exchange) admit(malformed error) *Response {
	d := x.dispatcher
	err := x.findRoute()
	if malformed != nil {
		err = malformed
	}
	d.http.Arrive(x.routeName(), x.Received)
	if x.Trace == nil {
		x.Trace = d.runtime.Tracing.Start(x.Header(shop.HeaderTraceparent), x.routeName(), x.Received)
		x.Trace.Is(telemetry.HTTPRequest{Method: x.Method, Route: x.pattern(), Path: x.Path})
	}
	if err == nil {
		err = d.authorise(x)
	}
	if err == nil {
		err = d.enter(x)
	}
	if err != nil {
		return x.refuse(err)
	}
	return nil
}

// enter counts the request as under way, if there is room for it.
func (d *Dispatcher) enter(x *exchange) error {
	now := int(d.inFlight.Add(1))
	err := d.bound.Admit(now)
	if err == nil {
		err = d.priority.Admit(x.route.Importance, now)
	}
	if err == nil {
		x.budget, err = d.deadline.Budget(x.Header(shop.HeaderDeadline), x.route.Timeout)
		if err != nil {
			err = shop.Invalid("header:"+shop.HeaderDeadline, err.Error())
		}
	}
	if err == nil {
		err = x.reserve()
	}
	if err != nil {
		d.inFlight.Add(-1)
		return err
	}
	d.crowd.Note(now, x.Received)
	return nil
}

// authorise refuses a request that does not carry the token, if there is one.
func (d *Dispatcher) authorise(x *exchange) error {
	if d.config.Token == "" || hasToken(x.Header("Authorization"), d.config.Token) {
		return nil
	}
	return &shop.Error{Code: shop.CodeUnauthenticated, Message: "this service answers other services only"}
}

// hasToken says whether an Authorization header carries the bearer token (RFC 6750),
// in a time that does not tell how much of it is right.
func hasToken(header, token string) bool {
	scheme, got, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(got), []byte(token)) == 1
}

func (x *exchange) findRoute() (err error) {
	x.route, err = x.dispatcher.router.find(x.Method, x.Path, &x.params)
	switch {
	case err == errNoPath:
		return &shop.Error{Code: shop.CodeNotFound, Message: "there is nothing at this path"}
	case err == errNoMethod:
		return &shop.Error{Code: shop.CodeMethod, Message: "this path does not take this method"}
	case len(x.Body) > x.route.MaxBody:
		return tooLarge(x.route.MaxBody)
	}
	return nil
}

func tooLarge(most int) *shop.Error {
	return &shop.Error{Code: shop.CodeTooLarge, Message: "the body may have at most " + strconv.Itoa(most) + " bytes"}
}

// refuse makes the answer to a request that is not served.
func (x *exchange) refuse(err error) *Response {
	e := AsError(err)
	x.noteRefusal(err)
	answer := Problem(e, x.Trace.ID())
	if e.Code == shop.CodeMethod {
		answer.Header = append(answer.Header, Field{"Allow", x.dispatcher.router.methods(x.Path)})
	}
	x.count(time.Now(), answer.Status, e)
	return &answer
}

// count ends the trace of a request that was answered, and counts it.
func (x *exchange) count(now time.Time, status int, err error) {
	d, route, took := x.dispatcher, x.routeName(), now.Sub(x.Received)
	if x.Trace.End(now, status, err) {
		d.http.ObserveTraced(route, status, took, x.Trace)
	} else {
		d.http.Observe(route, status, took)
	}
	d.goodput.Observe(route, status, took)
}

// noRoute is the name, in metrics and traces, of requests that no route takes.
const noRoute = "other"

func (x *exchange) routeName() string {
	if x.route == nil {
		return noRoute
	}
	return x.route.Name
}

// pattern is that of the route, "" if there is none.
func (x *exchange) pattern() string {
	if x.route == nil {
		return ""
	}
	return x.route.Pattern
}

// blame notes what has kept the loop while the request waited for it.
func (x *exchange) blame(now time.Time) {
	if turn, any := x.dispatcher.runtime.Turns.Kept(x.Received, now); any {
		x.Trace.KeptBy(turn, x.Received, now)
	}
}

// begin starts the task that answers. On the loop only.
func (x *exchange) begin() {
	d, now := x.dispatcher, time.Now()
	waited := now.Sub(x.Received)
	x.Trace.Wait("mailbox", x.Received, now)
	if waited >= longTurn {
		x.blame(now)
	}
	x.budget -= waited
	if x.budget <= 0 {
		x.finish(Response{}, context.DeadlineExceeded) // expired work is not begun
		return
	}
	if err := d.admitAge(x.route, waited); err != nil {
		x.turnAway(err)
		return
	}
	x.context = &requestContext{Context: d.config.Base, trace: x.Trace, ran: now, leaves: x.callerLeaves()}
	if x.runFn == nil {
		x.runFn = x.run
	}
	d.runtime.Loop.Spawn(x.context, x.route.Name, x.runFn)
}

// admitAge says whether a request is begun that has waited so long for the loop.
func (d *Dispatcher) admitAge(r *Route, waited time.Duration) error {
	if r.Finishes {
		d.age.Pass(waited)
		return nil
	}
	return d.age.Admit(waited)
}

// turnAway answers a request that was admitted and will not be begun. There may be many,
// so nothing is logged.
func (x *exchange) turnAway(err error) {
	x.dispatcher.inFlight.Add(-1)
	x.response = *x.refuse(err)
	x.done(x)
}

// run is the task.
func (x *exchange) run(t *loop.Task) {
	x.context.task = t
	var answer Response
	err := t.WithTimeout(x.budget, func() (err error) {
		answer, err = x.route.Handle(t, &x.Request)
		return err
	})
	x.finish(answer, interrupted(t, err))
}

// interrupted makes sure that a task which the end of the loop has interrupted is not
// taken for one that was refused: nobody knows what it has done.
func interrupted(t *loop.Task, err error) error {
	if shop.CodeOf(err) != "" || !errors.Is(err, loop.ErrClosed) || !errors.Is(t.Err(), loop.ErrClosed) {
		return err
	}
	return &shop.Error{Code: shop.CodeUnknown, Message: "the service ended before this was done", Err: err}
}

// finish has the answer sent.
func (x *exchange) finish(answer Response, err error) {
	var e *shop.Error
	if err != nil {
		e = AsError(err)
		x.noteRefusal(err)
		answer = Problem(e, x.Trace.ID())
		x.log(e, answer.Status)
	}
	if answer.Status == 0 {
		answer.Status = 200
	}
	d, now := x.dispatcher, time.Now()
	x.context.end(now)
	x.count(now, answer.Status, err)
	d.inFlight.Add(-1)
	x.response = answer
	x.done(x)
}

// log says what went wrong here; a client's mistakes are not worth a line.
func (x *exchange) log(e *shop.Error, status int) {
	if status < 500 {
		return
	}
	level := slog.LevelWarn
	if e.Code == shop.CodeInternal {
		level = slog.LevelError
	}
	x.dispatcher.runtime.Log.LogAttrs(context.Background(), level, "request failed",
		slog.String("route", x.route.Name), slog.Int("status", status), slog.String("error", e.Error()),
		slog.String("trace_id", x.Trace.ID()))
}
