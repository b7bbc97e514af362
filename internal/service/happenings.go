package service

import (
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// A refusal is the event of a protection that has refused something: a telemetry.Refusal that costs nothing
// until somebody asks.
type refusal struct{ *resilience.Rejection }

// Attributes implements telemetry.Detail.
func (r refusal) Attributes() []attribute.KeyValue {
	return telemetry.Refusal{Protection: string(r.By), Target: r.Target, Reason: r.Reason}.Attributes()
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

// noteNoRetry notes in the trace of a task that a protection is against another attempt of a call, if
// err says so. It is not what the request may fail with: that is how the last attempt ended.
func noteNoRetry(t *loop.Task, err error) {
	if r, refused := errors.AsType[*resilience.Rejection](err); refused {
		telemetry.FromContext(t.Context()).Event("refused", time.Now(), refusal{r})
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
