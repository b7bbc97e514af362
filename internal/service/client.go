package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// A Call is a request to another service.
type Call struct {
	// Name says what it does, in metrics and traces: a constant.
	Name string
	// Method, Path (with its query) and Body are what is sent.
	Method, Path string
	Header       []Field
	Body         []byte
	// Repeatable says that sending it twice does no more than sending it once:
	// it only reads, or it carries an idempotency key.
	Repeatable bool
	// Finishes says that the call ends what another one has begun, and cannot be made
	// anywhere else: slow-start, which spreads new work, lets it pass.
	Finishes bool

	handed *handover // to who sends it: one for each attempt
}

// A Reply is an answer of another service.
type Reply struct {
	Status int
	Header []Field // those that shop names only
	Body   []byte
}

// A Transport sends a call and waits for its reply: over HTTP, or, in a
// simulation, to a service on the same loop. An error that is ErrNotSent says
// that the callee has not got the call; any other, that it may have.
type Transport interface {
	RoundTrip(t *loop.Task, c *Call, timeout time.Duration) (*Reply, error)
}

// ErrNotSent marks the errors of calls of which the callee knows nothing.
var ErrNotSent = errors.New("not sent")

// A CallError is a call that got no answer.
type CallError struct {
	Downstream, Call string
	Attempts         int
	// Sent says that the callee may have done what was asked.
	Sent bool
	Err  error
}

// Error names the call and the cause.
func (e *CallError) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Downstream, e.Call, e.Err)
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

// MayHaveHappened says whether a call that ended in this error may have had its
// effect all the same.
func MayHaveHappened(err error) bool {
	if e, ok := errors.AsType[*CallError](err); ok {
		return e.Sent
	}
	switch shop.CodeOf(err) {
	case shop.CodeUnknown, shop.CodeDeadline, shop.CodeInternal, shop.CodeBadGateway:
		return true
	}
	return false
}

// ClientConfig says how a client works.
type ClientConfig struct {
	// Downstream is the name of the service that is called.
	Downstream string
	Transport  Transport
	// Timeout bounds one attempt, while the deadline protection is on; 0 means
	// DefaultTimeout. Without it, only MaxTimeout does.
	Timeout time.Duration
	// Token, if not empty, is sent as a bearer token.
	Token string
	// How the protections work.
	Breaker resilience.BreakerConfig
	Ratio   resilience.RatioConfig
	Slow    resilience.SlowConfig // Above 0 means half of Timeout
	Ramp    resilience.RampConfig
	Limit   resilience.AdaptiveConfig
	Retry   resilience.RetryConfig
}

// DefaultTimeout is that of a client that is given none.
const DefaultTimeout = time.Second

// MaxTimeout bounds every attempt and every request, whatever is switched off.
const MaxTimeout = 30 * time.Second

// A Client calls one downstream, under the protections deadline, retry-budget, jitter,
// retry-layer and those of a [resilience.Downstream]. It belongs to its loop.
type Client struct {
	config   ClientConfig
	deadline *resilience.Switch
	travels  *resilience.Deadliner
	protect  *resilience.Downstream
	retry    *resilience.Retry
	metrics  *telemetry.ClientMetrics
	peer     *telemetry.Peer
}

// NewClient makes a client. On the loop only.
func NewClient(rt *Runtime, c ClientConfig) *Client {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	return &Client{
		config:   c,
		deadline: rt.Protections.Switch(resilience.Deadline),
		travels:  resilience.NewDeadline(rt.Protections, resilience.DeadlineConfig{Most: MaxTimeout}),
		protect:  resilience.NewDownstream(rt.Protections, c.Downstream, c.protect()),
		retry:    resilience.NewRetry(rt.Protections, c.Downstream, c.Retry, rt.Random),
		metrics:  telemetry.NewClientMetrics(rt.Metrics),
		peer:     telemetry.HTTPPeer(c.Downstream, c.address()),
	}
}

// address is host:port of the downstream, "" if it has none.
func (c ClientConfig) address() string {
	if to, ok := c.Transport.(interface{ Host() string }); ok {
		return to.Host()
	}
	return ""
}

// protect says how the protections before the downstream work.
func (c ClientConfig) protect() resilience.DownstreamConfig {
	if c.Slow.Above <= 0 {
		c.Slow.Above = c.Timeout / 2
	}
	return resilience.DownstreamConfig{Breaker: c.Breaker, Ratio: c.Ratio, Slow: c.Slow, Ramp: c.Ramp, Limit: c.Limit}
}

// Do makes a call, again where that is safe and due, and returns the reply, whatever
// its status. An error is a *CallError if there was none, and a
// *resilience.Rejection if the call was not tried. A refusal that follows an attempt whose
// outcome is not known is no answer, for it says nothing of that attempt.
func (c *Client) Do(t *loop.Task, call *Call) (*Reply, error) {
	c.retry.Begin()
	unknown := false // whether an earlier attempt may have had its effect
	for attempt := 1; ; attempt++ {
		reply, err := c.attempt(t, call, attempt)
		if failureOf(reply, err) != nil && c.again(t, call, attempt, reply, err) {
			unknown = unknown || leavesOpen(reply, err)
			continue
		}
		if err == nil && unknown && call.Method != http.MethodGet && refuses(reply) {
			reply, err = nil, fmt.Errorf("status %d after an attempt whose outcome is not known", reply.Status)
		}
		return reply, c.failed(call, attempt, unknown || maySent(err), err)
	}
}

// maySent says whether the callee may know of the attempt that ended so, without an answer.
func maySent(err error) bool {
	if _, refused := errors.AsType[*resilience.Rejection](err); refused || err == nil {
		return false
	}
	return !errors.Is(err, ErrNotSent)
}

// leavesOpen says whether an attempt that failed so may have had its effect.
func leavesOpen(reply *Reply, err error) bool {
	return maySent(err) || reply != nil && !refuses(reply)
}

// refuses says whether the callee has not even begun.
func refuses(r *Reply) bool {
	return r.Status == http.StatusServiceUnavailable || r.Status == http.StatusTooManyRequests
}

// again waits for the next attempt, if there is to be one.
func (c *Client) again(t *loop.Task, call *Call, attempt int, reply *Reply, err error) bool {
	if _, refused := errors.AsType[*resilience.Rejection](err); refused || t.Err() != nil {
		return false
	}
	harmless := call.Repeatable || errors.Is(err, ErrNotSent) ||
		reply != nil && reply.Status == http.StatusServiceUnavailable
	if !harmless {
		return false
	}
	pause, err := c.retry.Next(attempt, reply != nil)
	if err != nil {
		noteNoRetry(t, err)
		return false
	}
	if deadline, bounded := t.Deadline(); bounded && time.Until(deadline) <= pause {
		return false
	}
	return c.pause(t, call, attempt, pause) == nil
}

// pause waits between two attempts.
func (c *Client) pause(t *loop.Task, call *Call, attempt int, d time.Duration) error {
	trace, began := telemetry.FromContext(t.Context()), time.Now()
	err := t.Sleep(d)
	now := time.Now()
	trace.Wait("retry", began, now)
	if err == nil {
		trace.Event("retry", now, &telemetry.Retry{To: c.peer, Call: call.Name, Attempt: attempt + 1})
	}
	return err
}

// failed makes the error of a call without an answer.
func (c *Client) failed(call *Call, attempts int, sent bool, err error) error {
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*resilience.Rejection](err); refused && !sent {
		return err
	}
	return &CallError{Downstream: c.config.Downstream, Call: call.Name, Attempts: attempts, Sent: sent, Err: err}
}

// attempt sends the call once.
func (c *Client) attempt(t *loop.Task, call *Call, attempt int) (reply *Reply, err error) {
	passage, err := c.protect.Enter(!call.Finishes)
	if err != nil {
		noteRefusal(t, err)
		return nil, err
	}
	end := resilience.End{Err: context.Canceled} // until it is known: also if the task is unwound here
	defer func() { passage.End(end) }()
	began, given := time.Now(), allowed(t, c.config.Timeout)
	span := telemetry.FromContext(t.Context()).Call(c.peer,
		telemetry.Operation{Name: call.Name, Method: call.Method, Path: call.Path, Attempt: attempt}, began)
	var handed handover
	err = t.WithTimeout(c.timeout(), func() (err error) {
		out := c.outgoing(t, call, attempt, span)
		out.handed = &handed
		reply, err = c.config.Transport.RoundTrip(t, out, c.timeout())
		return err
	})
	took, failure := time.Since(began), failureOf(reply, err)
	end.Took = handed.took(began)
	end.Err = judge(t, failure, isTimeout(reply, err), given, c.config.Timeout)
	kind := outcome(reply, err)
	span.End(time.Now(), resultOf(&handed, began, reply, failure, kind))
	c.metrics.Observe(c.config.Downstream, call.Name, attempt, kind, took)
	c.countLate(t, call, end.Took)
	if err != nil {
		noteRefusal(t, err)
		return nil, err
	}
	return reply, nil
}

// resultOf is how an attempt ended, for its trace.
func resultOf(handed *handover, began time.Time, reply *Reply, failure error, kind string) telemetry.Result {
	r := telemetry.Result{Err: failure, Type: kind}
	r.Left, r.Answered = handed.times(began)
	if reply != nil {
		r.Status = reply.Status
	}
	return r
}

// countLate counts an attempt that the downstream has had for some time, less than 0 if it never
// got it, if nobody waited for it any more when it was sent.
func (c *Client) countLate(t *loop.Task, call *Call, had time.Duration) {
	if had >= 0 && hasLeft(t.Context(), time.Now().Add(-had)) {
		c.metrics.Late(c.config.Downstream, call.Name)
	}
}

// timeout is that of one attempt.
func (c *Client) timeout() time.Duration {
	if c.deadline.On() {
		return c.config.Timeout
	}
	return MaxTimeout
}

// outgoing adds the headers that every call carries.
func (c *Client) outgoing(t *loop.Task, call *Call, attempt int, span *telemetry.Call) *Call {
	out := *call
	out.Header = make([]Field, 0, len(call.Header)+5)
	out.Header = append(out.Header, call.Header...)
	out.add(shop.HeaderAttempt, strconv.Itoa(attempt))
	out.add(shop.HeaderTraceparent, span.Traceparent())
	out.add(shop.HeaderDeadline, c.travels.Propagate(t))
	if c.config.Token != "" {
		out.add("Authorization", "Bearer "+c.config.Token)
	}
	if len(call.Body) > 0 {
		out.add("Content-Type", contentJSON)
	}
	return &out
}

func (c *Call) add(name, value string) {
	if value != "" {
		c.Header = append(c.Header, Field{name, value})
	}
}

// errElsewhere marks the failures of a callee that is well, and needs one that is not.
var errElsewhere = errors.New("what the downstream needs is away")

// failureOf is how an attempt failed, nil if it did not.
func failureOf(reply *Reply, err error) error {
	if err == nil && reply.Status >= http.StatusInternalServerError {
		err = fmt.Errorf("status %d", reply.Status)
	}
	switch {
	case reply != nil && reply.code() == shop.CodeDependency:
		return fmt.Errorf("%w: %w", errElsewhere, err)
	case reply != nil && reply.Status == http.StatusServiceUnavailable, isUnreachable(err):
		return fmt.Errorf("%w: %w", resilience.ErrAway, err)
	}
	return err
}

// isUnreachable says whether there was nobody who could be sent anything. That there was
// no time left to send it is something else.
func isUnreachable(err error) bool {
	return errors.Is(err, ErrNotSent) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

// fairShare is the part of its timeout that a downstream must have been given before it
// is blamed for not having answered.
const fairShare = 4

// judge says what an attempt tells the breaker of the downstream. That the caller has left,
// or came with hardly any time, is not the downstream's failure: otherwise a few clients
// without patience could close it to all others. Nor is it that somebody behind it is away, to
// whom it has a breaker of its own: to close it would take from all others what still works.
func judge(t *loop.Task, failure error, timedOut bool, given, timeout time.Duration) error {
	cause := t.Err()
	switch {
	case failure == nil, errors.Is(failure, errElsewhere):
		return nil
	case cause != nil && !errors.Is(cause, context.DeadlineExceeded):
		return context.Canceled
	case timedOut && given < timeout/fairShare:
		return context.Canceled
	}
	return failure
}

// allowed returns what is left for an attempt with a timeout.
func allowed(t *loop.Task, timeout time.Duration) time.Duration {
	if deadline, bounded := t.Deadline(); bounded {
		return min(timeout, time.Until(deadline))
	}
	return timeout
}

// isTimeout says whether an attempt took too long, in the caller's eyes or the callee's.
func isTimeout(reply *Reply, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || reply != nil && reply.Status == http.StatusGatewayTimeout
}

// outcome is an attempt's in the metrics: its status, or why it has none.
func outcome(reply *Reply, err error) string {
	if err == nil {
		return strconv.Itoa(reply.Status)
	}
	if _, refused := errors.AsType[*resilience.Rejection](err); refused {
		return "refused"
	}
	switch {
	case errors.Is(err, ErrNotSent):
		return "not-sent"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

// Fetch makes a call and decodes its answer into a T. An answer that is an error
// becomes a *shop.Error with the code that the downstream gave it; without an answer,
// the error is that of [Client.Do].
func Fetch[T any](t *loop.Task, c *Client, call *Call) (T, error) {
	var v T
	reply, err := c.Do(t, call)
	if err != nil {
		return v, err
	}
	if reply.Status < 200 || reply.Status > 299 {
		return v, c.problem(call, reply)
	}
	if err := json.Unmarshal(reply.Body, &v); err != nil {
		return v, c.nonsense(call, reply, err)
	}
	return v, nil
}

// problem reads an answer that is an error.
func (c *Client) problem(call *Call, reply *Reply) error {
	var p shop.Problem
	err := json.Unmarshal(reply.Body, &p)
	if _, known := statuses[p.Code]; err != nil || !known || statuses[p.Code] != reply.Status {
		return c.nonsense(call, reply, err)
	}
	return &shop.Error{
		Code:       p.Code,
		Message:    p.Detail,
		Pointer:    p.Pointer,
		RetryAfter: reply.retryAfter(),
		Err:        fmt.Errorf("%s: %s: status %d", c.config.Downstream, call.Name, reply.Status),
	}
}

// nonsense is the error of an answer that no service of the shop gives. What was done
// is not known.
func (c *Client) nonsense(call *Call, reply *Reply, err error) error {
	return &shop.Error{
		Code:    shop.CodeBadGateway,
		Message: c.config.Downstream + " gave an answer that makes no sense",
		Err:     errors.Join(fmt.Errorf("%s: status %d: %q", call.Name, reply.Status, printable(string(reply.Body[:min(len(reply.Body), 200)]))), err),
	}
}

// Get returns a header of the reply, "" if it is not there.
func (r *Reply) Get(name string) string { return get(r.Header, name) }

// code is that of an answer which says that a service is not available, "" of any other.
func (r *Reply) code() shop.Code {
	if r.Status != http.StatusServiceUnavailable {
		return ""
	}
	var p shop.Problem
	if json.Unmarshal(r.Body, &p) != nil {
		return ""
	}
	return p.Code
}

func (r *Reply) retryAfter() time.Duration {
	seconds, err := strconv.ParseUint(r.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
