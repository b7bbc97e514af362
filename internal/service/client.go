package service

import (
	"errors"
	"fmt"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
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
	// 1 s. Without it, only MaxTimeout does.
	Timeout time.Duration
	// Token, if not empty, is sent as a bearer token.
	Token   string
	Breaker resilience.BreakerConfig
	Retry   resilience.RetryConfig
}

// MaxTimeout bounds every attempt and every request, whatever is switched off.
const MaxTimeout = 30 * time.Second

// A Client calls one downstream, under the protections deadline, breaker,
// retry-budget, jitter and retry-layer. It belongs to its loop.
type Client struct {
	config   ClientConfig
	runtime  *Runtime
	deadline *resilience.Switch
	breaker  *resilience.CircuitBreaker
	retry    *resilience.Retry
}

// NewClient makes a client. On the loop only.
func NewClient(rt *Runtime, c ClientConfig) *Client {
	if c.Timeout <= 0 {
		c.Timeout = time.Second
	}
	return &Client{
		config:   c,
		runtime:  rt,
		deadline: rt.Protections.Switch(resilience.Deadline),
		breaker:  resilience.NewBreaker(rt.Protections, c.Downstream, c.Breaker),
		retry:    resilience.NewRetry(rt.Protections, c.Downstream, c.Retry, rt.Random),
	}
}
