package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// emit makes spans of a record that has no owner any more: one of the request, and
// below it one of each stretch and call, with the times at which they were.
func (r *record) emit(tracer trace.Tracer) {
	ctx, root := tracer.Start(r.rootContext(), r.name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(r.start), trace.WithAttributes(r.attributes()...))
	for i := range r.entries {
		r.emitEntry(ctx, tracer, root, &r.entries[i])
	}
	if r.outcome.status >= 500 {
		root.SetStatus(codes.Error, message(r.outcome.err))
	}
	root.End(trace.WithTimestamp(r.outcome.at))
}

// rootContext says who called, and which ids were chosen.
func (r *record) rootContext() context.Context {
	ctx := context.Background()
	if r.parent.IsValid() {
		caller := trace.SpanContextConfig{TraceID: r.self.id, SpanID: r.parent, Remote: true}
		if r.self.sampled {
			caller.TraceFlags = trace.FlagsSampled
		}
		ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(caller))
	}
	return &chosenContext{Context: ctx, trace: r.self.id, span: r.self.span}
}

func (r *record) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.Int("http.response.status_code", r.outcome.status),
		attribute.String("brownout.kept", r.outcome.kept),
	}
	if r.outcome.err != nil {
		attributes = append(attributes, attribute.String("brownout.error", r.outcome.err.Error()))
	}
	if r.lost > 0 {
		attributes = append(attributes, attribute.Int("brownout.lost_entries", r.lost))
	}
	return attributes
}

func (r *record) emitEntry(ctx context.Context, tracer trace.Tracer, root trace.Span, e *entry) {
	if e.kind == kindEvent {
		root.AddEvent(e.name, trace.WithTimestamp(r.start.Add(e.from)))
		return
	}
	if e.open {
		e.to = max(e.from, r.outcome.at.Sub(r.start))
	}
	_, span := tracer.Start(r.childContext(ctx, e), e.kind.String()+" "+e.name, trace.WithSpanKind(e.spanKind()),
		trace.WithTimestamp(r.start.Add(e.from)), trace.WithAttributes(e.attributes()...))
	if e.err != nil {
		span.SetStatus(codes.Error, message(e.err))
	}
	span.End(trace.WithTimestamp(r.start.Add(max(e.from, e.to))))
}

func (r *record) childContext(ctx context.Context, e *entry) context.Context {
	if !e.span.IsValid() {
		e.span = r.tracing.ids.spanID()
	}
	return &chosenContext{Context: ctx, trace: r.self.id, span: e.span}
}

func (e *entry) spanKind() trace.SpanKind {
	if e.kind == kindCall {
		return trace.SpanKindClient
	}
	return trace.SpanKindInternal
}

func (e *entry) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{attribute.String("brownout.kind", e.kind.String())}
	if e.open {
		attributes = append(attributes, attribute.Bool("brownout.unfinished", true))
	}
	if c := e.culprit; c != nil {
		attributes = append(attributes, attribute.String("brownout.culprit", c.Name), attribute.String("brownout.phase", c.Phase.String()),
			attribute.String("code.stacktrace", c.Stack))
	}
	return attributes
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
