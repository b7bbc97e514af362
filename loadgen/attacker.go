package loadgen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// An AttackerConfig says how requests are sent.
type AttackerConfig struct {
	Pacer    Pacer
	Scenario Scenario
	Doer     Doer

	// Timeout is the client's patience: from when a request is due to its answer's
	// last byte. 5 seconds if 0.
	Timeout time.Duration
	// Retry says how clients try again what failed. The zero value does not.
	Retry Retry
	// Insistences are times in which they do so in another way; they are not changed meanwhile.
	Insistences []*Insistence
	// TellDeadline has each request say how long its client will wait.
	TellDeadline bool
	// MaxInFlight bounds the requests that are being sent or answered, each of which
	// takes a goroutine and a connection. 10,000 if 0.
	MaxInFlight int
	// Tracing has the traces of the requests, each of which begins one; Peer is who is asked, as
	// they name it. nil: requests have ids, of which nothing is kept, and whoever is asked has no name.
	Tracing *telemetry.Tracing
	Peer    *telemetry.Peer
	// Metrics, if not nil, show what comes of it while it goes on.
	Metrics *Metrics
	// Sleep waits for the next request. nil is time.Sleep, which is up to a
	// millisecond late; FineSleep is finer, and does not know virtual time.
	Sleep func(time.Duration)
}

// Defaults of an AttackerConfig.
const (
	DefaultTimeout     = 5 * time.Second
	DefaultMaxInFlight = 10_000
)

// maxWaiting bounds the samples that wait for whoever takes them.
const maxWaiting = 8192

// An Attacker sends the requests of a scenario by the schedule of a pacer.
type Attacker struct {
	config AttackerConfig
	budget *budget
	shots  chan shot // to workers that wait
	crew   int       // workers
	ended  sync.WaitGroup
	output chan evidence.Sample

	// Written before output is closed.
	extent   time.Duration
	complete bool
}

// NewAttacker returns an attacker, which attacks once.
func NewAttacker(c AttackerConfig) *Attacker {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, DefaultMaxInFlight)
	if c.Sleep == nil {
		c.Sleep = time.Sleep
	}
	if c.Tracing == nil {
		c.Tracing, _ = telemetry.NewTracing(telemetry.TracingConfig{}) // which makes sense
	}
	if c.Peer == nil {
		c.Peer = telemetry.HTTPPeer("target", "")
	}
	return &Attacker{
		config: c,
		budget: newBudget(c.Retry.Budget),
		shots:  make(chan shot),
		output: make(chan evidence.Sample, maxWaiting),
	}
}

// A shot is one request of the schedule.
type shot struct {
	seq    int64
	start  time.Time // of the schedule
	due    time.Time
	action Action
	trace  *telemetry.Trace
}

// Attack starts the schedule now and returns the samples, one for each request that came
// due, and one for each further attempt, in the order in which they ended. They must be taken until the channel is closed,
// which is when the schedule has ended, or ctx is done, and all requests in flight have
// an outcome: a Timeout later at most, or, where clients try again and ctx is not done, that of
// every attempt and the pauses between.
func (a *Attacker) Attack(ctx context.Context) <-chan evidence.Sample {
	return a.AttackFrom(ctx, time.Now())
}

// AttackFrom is Attack for who has said that the schedule starts at a time, now or soon.
func (a *Attacker) AttackFrom(ctx context.Context, start time.Time) <-chan evidence.Sample {
	go a.pace(ctx, start)
	return a.output
}

// Send is Attack for who is told of the samples, one at a time, each of which is good until the next. There is no error.
func (a *Attacker) Send(ctx context.Context, tell func(*evidence.Sample)) (Course, error) {
	var last evidence.Sample
	for sample := range a.Attack(ctx) {
		last = sample
		tell(&last)
	}
	return Course{Length: a.extent, Complete: a.complete}, nil
}

// Extent returns how long requests came due, and whether the schedule was followed to its
// end. It is known when the channel of Attack is closed.
func (a *Attacker) Extent() (extent time.Duration, complete bool) { return a.extent, a.complete }

func (a *Attacker) pace(ctx context.Context, start time.Time) {
	a.extent = a.config.Pacer.Length()
	if a.complete = a.fireAll(ctx, start); !a.complete {
		a.extent = time.Since(start)
	}
	close(a.shots)
	a.ended.Wait()
	close(a.output)
}

// fireAll reports whether all of the schedule was fired before ctx was done.
func (a *Attacker) fireAll(ctx context.Context, start time.Time) bool {
	for seq := int64(0); ; seq++ {
		offset, more := a.config.Pacer.At(seq)
		if !more {
			return true
		}
		s := shot{seq: seq, start: start, due: start.Add(offset), action: a.config.Scenario.Next(seq)}
		s.trace = a.config.Tracing.Begin(s.action.Route(), s.due)
		if !waitUntil(ctx, s.due, a.config.Sleep) {
			return false
		}
		a.config.Metrics.begin(s.action.Route(), time.Since(s.due))
		a.fire(ctx, s)
	}
}

// fire gives a shot to a worker: one that waits, or a new one. If all there may be are
// busy, the request is not sent.
func (a *Attacker) fire(ctx context.Context, s shot) {
	select {
	case a.shots <- s:
	default:
		if a.crew >= a.config.MaxInFlight {
			s.trace.End(time.Now(), 0, nil)
			a.tell(s.unsent())
			return
		}
		a.crew++
		a.ended.Go(func() { a.work(ctx, s) })
	}
}

// tell gives a sample to all who want to know.
func (a *Attacker) tell(s evidence.Sample) {
	a.config.Metrics.end(&s)
	a.output <- s
}

// work sends a shot and then those that it is given, until there are no more.
func (a *Attacker) work(ctx context.Context, first shot) {
	w, tell := worker{config: &a.config, budget: a.budget}, a.tell
	for s, more := first, true; more; s, more = <-a.shots {
		w.do(ctx, s, tell)
	}
}

// A worker has one request in flight at a time and uses its memory again.
type worker struct {
	config  *AttackerConfig
	budget  *budget
	request fasthttp.Request
	answer  fasthttp.Response
}

// do sends a request, and again if its client does so, and tells what came of each attempt.
func (w *worker) do(ctx context.Context, s shot, tell func(evidence.Sample)) {
	s.trace.Queued("turn", s.due, time.Now())
	w.budget.begin(s.action.Route())
	for attempt := 1; ; attempt++ {
		sample := w.send(s, s.due.Add(w.config.Timeout), attempt)
		retry, insistence := w.config.retry(time.Since(s.start))
		again := retry.again(&sample, attempt) && w.spend(s)
		if again && insistence != nil {
			insistence.retries.Add(1)
		}
		if w.config.retries() {
			sample.Attempt = attempt
		}
		tell(sample)
		ended := time.Now()
		if !again || !pause(ctx, retry.wait(time.Since(s.start), s.seq, attempt)) {
			s.trace.End(ended, sample.Status, failed(&sample))
			return
		}
		began := time.Now()
		s.trace.Wait("retry", ended, began)
		s.trace.Event("retry", began, &telemetry.Retry{To: w.config.Peer, Call: s.action.Route(), Attempt: attempt + 1})
	}
}

// spend takes a retry of a request from the budget of its route. That there is none left is an event of its trace.
func (w *worker) spend(s shot) bool {
	route := s.action.Route()
	if w.budget.spend(route) {
		return true
	}
	s.trace.Event("refused", time.Now(), telemetry.Refusal{Protection: "retry-budget", Target: route, Reason: "empty"})
	return false
}

// send sends one attempt, unless its time is over already, and returns what came of it. An
// attempt after the first has as much time as that had.
func (w *worker) send(s shot, deadline time.Time, attempt int) evidence.Sample {
	sample := s.sample()
	sample.Sent = time.Now()
	if attempt > 1 {
		deadline = sample.Sent.Add(w.config.Timeout)
	}
	if !sample.Sent.Before(deadline) {
		return s.unsent()
	}
	call := w.write(s, deadline.Sub(sample.Sent), attempt)
	err := w.config.Doer.DoDeadline(&w.request, &w.answer, deadline)
	sample.Latency = time.Since(s.due)
	w.read(&sample, s.action, err)
	call.End(s.due.Add(sample.Latency), telemetry.Result{Left: sample.Sent, Status: sample.Status, Err: failed(&sample), Type: sample.Error})
	return sample
}

// failed is why an attempt failed that nobody is to blame for but those who were asked; nil if it
// did not.
func failed(sample *evidence.Sample) error {
	switch {
	case sample.Status >= http.StatusInternalServerError:
		return fmt.Errorf("status %d", sample.Status)
	case sample.Outcome == evidence.Unknown:
		return errors.New(sample.Error)
	}
	return nil
}

// write makes the request of an attempt, which is a call of its trace.
func (w *worker) write(s shot, patience time.Duration, attempt int) *telemetry.Call {
	w.request.Reset()
	s.action.Write(&w.request)
	if w.config.TellDeadline {
		w.request.Header.Set(shop.HeaderDeadline, strconv.FormatInt(max(patience.Milliseconds(), 1), 10))
	}
	o := telemetry.Operation{Name: s.action.Route(), Attempt: attempt}
	if s.trace.Sampled() {
		o.Method, o.Path = string(w.request.Header.Method()), string(w.request.URI().Path())
	}
	call := s.trace.Call(w.config.Peer, o, time.Now())
	w.request.Header.Set(shop.HeaderTraceparent, call.Traceparent())
	return call
}

// read fills in what the answer, or its absence, says.
func (w *worker) read(sample *evidence.Sample, action Action, err error) {
	if err != nil {
		sample.Outcome = evidence.Unknown
		sample.Error = FailureOf(err)
		action.Read(sample, nil)
		return
	}
	sample.Status = w.answer.StatusCode()
	sample.Outcome = evidence.OutcomeOf(sample.Status)
	sample.Bytes = int64(len(w.answer.Body()))
	sample.Error = ErrorOf(sample.Status, w.answer.Body())
	action.Read(sample, &w.answer)
}

func (s shot) sample() evidence.Sample {
	return evidence.Sample{Seq: s.seq, Route: s.action.Route(), Intended: s.due, TraceID: s.trace.ID()}
}

func (s shot) unsent() evidence.Sample {
	sample := s.sample()
	sample.Outcome, sample.Error = evidence.Unsent, FailureLate
	s.action.Read(&sample, nil)
	return sample
}
