package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// LeastWait is the shortest wait before or after a call that has a span of its own: what is
// shorter is what goroutines take to hear of each other.
const LeastWait = 100 * time.Microsecond

// An emission makes spans of a record that has no owner any more: one of the request, and below it
// one of each stretch and call, with the times at which they were.
type emission struct {
	*record
	tracer trace.Tracer
	ctx    context.Context // of the root
	root   trace.Span
}

func (r *record) emit(tracer trace.Tracer) {
	e := emission{record: r, tracer: tracer}
	e.ctx, e.root = tracer.Start(r.rootContext(), r.name, trace.WithSpanKind(r.kind), trace.WithTimestamp(r.start),
		trace.WithLinks(r.links()...), trace.WithAttributes(r.attributes()...))
	for i := range r.entries {
		e.entry(&r.entries[i])
	}
	if r.outcome.failed() {
		e.root.SetStatus(codes.Error, message(r.outcome.err))
	}
	e.root.End(trace.WithTimestamp(r.outcome.at))
}

// rootContext says who called, and which ids were chosen.
func (r *record) rootContext() context.Context {
	ctx := context.Background()
	if r.parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, traceparent{r.self.id, r.parent, r.self.sampled}.context())
	}
	return &chosenContext{Context: ctx, trace: r.self.id, span: r.self.span}
}

func (r *record) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{attribute.String("brownout.kept", r.outcome.kept)}
	switch r.kind {
	case trace.SpanKindConsumer:
		attributes = append(attributes, r.message.attributes()...)
	case trace.SpanKindServer:
		attributes = append(attributes, r.request.attributes()...)
		attributes = append(attributes, semconv.HTTPResponseStatusCode(r.outcome.status))
	}
	if r.outcome.failed() {
		attributes = append(attributes, errorType(r.outcome.status, ""))
	}
	if r.outcome.err != nil {
		attributes = append(attributes, attribute.String("brownout.error", message(r.outcome.err)))
	}
	if r.lost > 0 {
		attributes = append(attributes, attribute.Int("brownout.lost_entries", r.lost))
	}
	return attributes
}

// attributes are none for a request that could not be read.
func (q *HTTPRequest) attributes() []attribute.KeyValue {
	if q.Method == "" {
		return nil
	}
	attributes := []attribute.KeyValue{method(q.Method), semconv.URLScheme("http"), semconv.URLPath(q.Path)}
	if q.Route != "" {
		attributes = append(attributes, semconv.HTTPRoute(q.Route))
	}
	return attributes
}

func (e *emission) entry(n *entry) {
	switch {
	case n.call != nil:
		e.call(n.call, e.start.Add(n.from))
	case n.kind == kindEvent:
		e.root.AddEvent(n.name, trace.WithTimestamp(e.start.Add(n.from)), trace.WithAttributes(n.more()...))
	default:
		s := e.stretch(n.kind, n.name, e.start.Add(n.from))
		s.SetAttributes(n.more()...)
		s.End(trace.WithTimestamp(e.start.Add(max(n.from, n.to))))
	}
}

// more is what there is to tell beside name and times.
func (n *entry) more() []attribute.KeyValue {
	if n.detail == nil {
		return nil
	}
	return n.detail.Attributes()
}

// stretch begins the span of a wait or of work.
func (e *emission) stretch(k kind, name string, from time.Time) trace.Span {
	return e.begin(e.tracing.ids.spanID(), k, name, from, trace.SpanKindInternal)
}

func (e *emission) begin(id trace.SpanID, k kind, name string, from time.Time, kind trace.SpanKind) trace.Span {
	_, s := e.tracer.Start(&chosenContext{Context: e.ctx, trace: e.self.id, span: id}, k.String()+" "+name,
		trace.WithSpanKind(kind), trace.WithTimestamp(from), trace.WithAttributes(attribute.String("brownout.kind", k.String())))
	return s
}

// call makes a span of a call, and of the waits for its turn and for the loop if they were long.
func (e *emission) call(c *Call, from time.Time) {
	to := c.ended
	if c.open {
		to = later(from, e.outcome.at)
	}
	left, answered := c.underWay(from, to)
	if left.Sub(from) >= LeastWait {
		e.stretch(kindWait, c.peer.name+" connection", from).End(trace.WithTimestamp(left))
	} else {
		left = from
	}
	if to.Sub(answered) >= LeastWait {
		e.stretch(kindWait, "loop", answered).End(trace.WithTimestamp(to))
	} else {
		answered = to
	}
	e.attempt(c, left, answered)
}

// underWay is from when to when somebody else had the call, of the time from its beginning to its
// end.
func (c *Call) underWay(from, to time.Time) (left, answered time.Time) {
	left, answered = c.result.Left, c.result.Answered
	switch {
	case c.open || c.kind == kindSend:
		left = from
	case left.IsZero():
		left = to
	}
	if answered.IsZero() || answered.After(to) {
		answered = to
	}
	left = later(from, left)
	return left, later(left, answered)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (e *emission) attempt(c *Call, from, to time.Time) {
	kind := trace.SpanKindClient
	if c.kind == kindSend {
		kind = trace.SpanKindProducer
	}
	s := e.begin(c.span, c.kind, c.name(), from, kind)
	s.SetAttributes(c.peer.attributes...)
	s.SetAttributes(c.peer.operation(&c.operation, c.peer)...)
	if c.open {
		s.SetAttributes(attribute.Bool("brownout.unfinished", true))
	}
	if c.result.Status != 0 {
		s.SetAttributes(semconv.HTTPResponseStatusCode(c.result.Status))
	}
	if c.result.Err != nil {
		s.SetAttributes(errorType(c.result.Status, c.result.Type))
		s.SetStatus(codes.Error, message(c.result.Err))
	}
	s.End(trace.WithTimestamp(to))
}

func (c *Call) name() string {
	if c.peer.name == "" {
		return c.operation.Name
	}
	return c.peer.name + ": " + c.operation.Name
}
