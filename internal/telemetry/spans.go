package telemetry

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
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
	to   *sink
	root tracetest.SpanStub
}

func (r *record) emit(to *sink) {
	e := emission{record: r, to: to, root: tracetest.SpanStub{
		Name: r.name, SpanContext: r.context(r.self.span), SpanKind: r.kind, StartTime: r.start, EndTime: r.outcome.at,
		Attributes: r.attributes(), Links: r.links(),
	}}
	if r.parent.IsValid() {
		e.root.Parent = traceparent{r.self.id, r.parent, r.self.sampled}.context()
	}
	if r.outcome.failed() {
		e.root.Status = failure(r.outcome.err)
	}
	for i := range r.entries {
		e.entry(&r.entries[i])
	}
	to.take(e.root)
}

// context is that of a span of a trace that is kept: to OpenTelemetry, each of them is sampled.
func (r *record) context(span trace.SpanID) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: r.self.id, SpanID: span, TraceFlags: trace.FlagsSampled})
}

func failure(err error) sdktrace.Status {
	return sdktrace.Status{Code: codes.Error, Description: message(err)}
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
	from := e.start.Add(n.from)
	switch {
	case n.call != nil:
		e.call(n.call, from)
	case n.kind == kindEvent:
		e.root.Events = append(e.root.Events, sdktrace.Event{Name: n.name, Time: from, Attributes: n.more()})
	default:
		e.stretch(n.kind, n.name, from, e.start.Add(max(n.from, n.to)), n.more()...)
	}
}

// more is what there is to tell beside name and times.
func (n *entry) more() []attribute.KeyValue {
	if n.detail == nil {
		return nil
	}
	return n.detail.Attributes()
}

// stretch makes the span of a wait or of work.
func (e *emission) stretch(k kind, name string, from, to time.Time, more ...attribute.KeyValue) {
	e.to.take(tracetest.SpanStub{
		Name: k.String() + " " + name, SpanContext: e.context(e.tracing.ids.spanID()), Parent: e.root.SpanContext, SpanKind: trace.SpanKindInternal,
		StartTime: from, EndTime: to, Attributes: append([]attribute.KeyValue{k.attribute()}, more...),
	})
}

func (k kind) attribute() attribute.KeyValue { return attribute.String("brownout.kind", k.String()) }

// call makes a span of a call, and of the waits for its turn and for the loop if they were long.
func (e *emission) call(c *Call, from time.Time) {
	to := c.ended
	if c.open {
		to = later(from, e.outcome.at)
	}
	left, answered := c.underWay(from, to)
	if left.Sub(from) >= LeastWait {
		e.stretch(kindWait, c.peer.name+" connection", from, left)
	} else {
		left = from
	}
	if to.Sub(answered) >= LeastWait {
		e.stretch(kindWait, "loop", answered, to)
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
	s := tracetest.SpanStub{
		Name: c.kind.String() + " " + c.name(), SpanContext: e.context(c.span), Parent: e.root.SpanContext, SpanKind: trace.SpanKindClient,
		StartTime: from, EndTime: to, Attributes: c.attributes(),
	}
	if c.kind == kindSend {
		s.SpanKind = trace.SpanKindProducer
	}
	if c.result.Err != nil {
		s.Status = failure(c.result.Err)
	}
	e.to.take(s)
}

func (c *Call) attributes() []attribute.KeyValue {
	attributes := slices.Concat([]attribute.KeyValue{c.kind.attribute()}, c.peer.attributes, c.peer.operation(&c.operation, c.peer))
	if c.open {
		attributes = append(attributes, attribute.Bool("brownout.unfinished", true))
	}
	if c.result.Status != 0 {
		attributes = append(attributes, semconv.HTTPResponseStatusCode(c.result.Status))
	}
	if c.result.Err != nil {
		attributes = append(attributes, errorType(c.result.Status, c.result.Type))
	}
	return attributes
}

func (c *Call) name() string {
	if c.peer.name == "" {
		return c.operation.Name
	}
	return c.peer.name + ": " + c.operation.Name
}
