package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// RedisConfig says how a service reaches its Redis.
type RedisConfig struct {
	// Addr is host:port.
	Addr string
	// Password opens it; "" if it asks for none.
	Password string
	// Prefix begins all keys of the service.
	Prefix string
	// Timeout bounds one operation, while the deadline protection is on; 0 means 1 s.
	Timeout time.Duration
	// Acquire bounds the wait for a connection before it, while the acquire-timeout
	// protection is on; 0 means a quarter of Timeout.
	Acquire time.Duration
	// InFlight bounds the operations at a time, and the connections; 0 means 64.
	InFlight int
	// Queue bounds the operations that wait for their turn; 0 means 4096.
	Queue int
}

// A Redis is a service's way to its data. It never repeats a command by itself, for a
// reply that is lost may be that of money moved.
type Redis struct {
	config    RedisConfig
	runtime   *Runtime
	own       *connections
	shared    *connections
	classes   map[string]*Redis // all there are, also this one; not changed once the service is made
	bulkheads *resilience.Switch
	deadline  *resilience.Switch
	protect   *resilience.Downstream
	metrics   *telemetry.ClientMetrics
	peer      *telemetry.Peer
}

// NewRedis makes the client; it connects when it is used, and is closed with the
// loop. On the loop only.
func NewRedis(rt *Runtime, c RedisConfig) *Redis {
	c = c.withDefaults()
	all := newConnections(rt, defaultClass, c)
	r := &Redis{
		config:    c,
		runtime:   rt,
		own:       all,
		shared:    all,
		bulkheads: rt.Protections.Switch(resilience.Bulkhead),
		deadline:  rt.Protections.Switch(resilience.Deadline),
		protect:   resilience.NewDownstream(rt.Protections, "redis", c.protect()),
		metrics:   telemetry.NewClientMetrics(rt.Metrics),
		peer:      telemetry.RedisPeer("redis", c.Addr),
	}
	r.classes = map[string]*Redis{defaultClass: r}
	return r
}

// protect says how the protections before Redis work. Most operations are the middle of
// something, and so are let through at once when it is back.
func (c RedisConfig) protect() resilience.DownstreamConfig {
	return resilience.DownstreamConfig{Slow: resilience.SlowConfig{Above: c.Timeout / 4}, Unramped: true}
}

// Key returns the name of a key of this service. Any goroutine may call it.
func (r *Redis) Key(parts ...string) string {
	return r.config.Prefix + strings.Join(parts, "")
}

// RedisDo runs fn on a goroutine of its own, within the limits of r, and waits for it.
// What it fails with is a *CallError, a *resilience.Rejection, or redis.Nil as it is.
// Name says what it does, in metrics and traces.
func RedisDo[T any](t *loop.Task, r *Redis, name string, fn func(context.Context, *redis.Client) (T, error)) (v T, err error) {
	passage, err := r.protect.Enter(false)
	if err != nil {
		noteRefusal(t, err)
		return v, err
	}
	end := resilience.End{Err: context.Canceled} // until it is known: also if the task is unwound here
	defer func() { passage.End(end) }()
	began, given := time.Now(), allowed(t, r.config.Timeout)
	span := telemetry.FromContext(t.Context()).Call(r.peer, telemetry.Operation{Name: name}, began)
	var handed handover
	on := r.connections()
	v, err = resilience.Go(t, on.acquire, on.group, r.timeout(), func(ctx context.Context) (v T, err error) {
		if !handed.take() {
			return v, context.Cause(ctx)
		}
		defer handed.end()
		return fn(context.WithValue(ctx, contactKey{}, &handed), on.client)
	})
	err = redisError(name, &handed, on.bulkhead.Refused(err))
	took := time.Since(began)
	end.Took = handed.took(began)
	end.Err = judge(t, redisFailure(err), isTimeout(nil, err), given, r.config.Timeout)
	if end.Took < 0 {
		end.Err = context.Canceled // who only waited for one of our connections knows nothing of Redis
	}
	left, answered := handed.times(began)
	span.End(time.Now(), telemetry.Result{Left: left, Answered: answered, Err: absent(err), Type: outcomeOfRedis(err)})
	noteRefusal(t, err)
	r.metrics.Observe("redis", name, 1, outcomeOfRedis(err), took)
	return v, err
}

func (r *Redis) timeout() time.Duration {
	if r.deadline.On() {
		return r.config.Timeout
	}
	return MaxTimeout
}

// redisError says what an error of go-redis, or of the wait for it, means.
func redisError(name string, handed *handover, err error) error {
	unsent := handed.cancel()
	if _, refused := errors.AsType[*resilience.Rejection](err); refused || err == nil || errors.Is(err, redis.Nil) {
		return err
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err) // the connection's clock was first
	}
	if unsent || !handed.touched.Load() && untouched(err) {
		err = fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return &CallError{Downstream: "redis", Call: name, Attempts: 1, Sent: !errors.Is(err, ErrNotSent), Err: err}
}

// refusals are how an answer begins with which Redis says that it has done nothing.
var refusals = []string{
	"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH", "NOPERM", "NOSCRIPT", "OOM", "READONLY",
}

// untouched says whether Redis has surely done nothing: it was not reached, or said so. What
// a script reports from its middle is no such word.
func untouched(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	if errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) {
		return true
	}
	if !answered(err) || strings.Contains(err.Error(), "script: ") {
		return false
	}
	code, _, _ := strings.Cut(err.Error(), " ")
	return slices.Contains(refusals, code)
}

// answered says whether an error is one that Redis has sent.
func answered(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// redisFailure is what an operation says of Redis itself: one that answers, be it with the
// error of a script, does not fail, unless it refuses.
func redisFailure(err error) error {
	if errors.Is(err, redis.Nil) || answered(err) && !errors.Is(err, ErrNotSent) {
		return nil
	}
	if isUnreachable(err) {
		return fmt.Errorf("%w: %w", resilience.ErrAway, err)
	}
	return err
}

// absent takes a key that is not there for no failure.
func absent(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

func outcomeOfRedis(err error) string {
	if absent(err) == nil {
		return "ok"
	}
	return outcome(nil, err)
}

// contactKey is the key of the handover in the context of an operation.
type contactKey struct{}

// contact is a hook that notes when a command of an operation has reached Redis: if a later
// one does not, the operation has had a part of its effect all the same.
type contact struct{}

// DialHook implements redis.Hook.
func (contact) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (contact) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		noteContact(ctx, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (contact) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		noteContact(ctx, err)
		return err
	}
}

func noteContact(ctx context.Context, err error) {
	if h, ok := ctx.Value(contactKey{}).(*handover); ok && !untouched(err) {
		h.touched.Store(true)
	}
}
