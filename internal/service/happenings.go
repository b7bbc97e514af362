package service

import (
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// A refusal is the event of a protection that has refused something.
type refusal struct{ *resilience.Rejection }

// Attributes implements telemetry.Detail.
func (r refusal) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("brownout.protection", string(r.By)), attribute.String("brownout.target", r.Target), attribute.String("brownout.reason", r.Reason),
	}
}

// noteRefusal notes in the trace of a task that a protection has refused what it needs, if err
// says so.
func noteRefusal(t *loop.Task, err error) {
	r, refused := errors.AsType[*resilience.Rejection](err)
	if !refused {
		return
	}
	ctx := t.Context()
	telemetry.FromContext(ctx).Event("refused", time.Now(), refusal{r})
	if c, ok := ctx.Value(requestKey{}).(*requestContext); ok {
		c.refused = r
	}
}

// noteRefusal notes that a protection has refused the request, if err says so, and it was not
// noted where it came from.
func (x *exchange) noteRefusal(err error) {
	r, refused := errors.AsType[*resilience.Rejection](err)
	if refused && (x.context == nil || x.context.refused != r) {
		x.Trace.Event("refused", time.Now(), refusal{r})
	}
}

// A retry is the event of an attempt after the first.
type retry struct {
	downstream, call string
	attempt          int
}

// Attributes implements telemetry.Detail.
func (r *retry) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("brownout.downstream", r.downstream), attribute.String("brownout.call", r.call), attribute.Int("brownout.attempt", r.attempt),
	}
}
