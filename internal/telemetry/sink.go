package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A sink takes spans that are over, and has one of OpenTelemetry's processors send them. They never were begun with a
// tracer, which takes some microseconds for each to be ready for whatever may yet happen to it: all has happened.
// The only way to make them at once is the SDK's tracetest.
type sink struct {
	processor sdktrace.SpanProcessor
	scope     instrumentation.Scope
	resource  *resource.Resource
}

// newSink makes the sink of the spans of a resource.
func newSink(of *resource.Resource, processor sdktrace.SpanProcessor) *sink {
	return &sink{processor: processor, scope: instrumentation.Scope{Name: "brownout"}, resource: of}
}

// resourceOf is what the spans of a service are of: the service, and what OTEL_RESOURCE_ATTRIBUTES says.
func resourceOf(service string) (*resource.Resource, error) {
	return resource.Merge(resource.Environment(), resource.NewWithAttributes(semconv.SchemaURL, semconv.ServiceName(service)))
}

// take sends a span on its way.
func (k *sink) take(s tracetest.SpanStub) {
	bound(s.Attributes)
	for _, e := range s.Events {
		bound(e.Attributes)
	}
	s.Resource, s.InstrumentationScope = k.resource, k.scope
	k.processor.OnEnd(s.Snapshot())
}

// flush sends the spans that are ready to be sent.
func (k *sink) flush(ctx context.Context) error { return k.processor.ForceFlush(ctx) }

// close sends what is left.
func (k *sink) close(ctx context.Context) error { return k.processor.Shutdown(ctx) }
