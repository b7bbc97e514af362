package telemetry_test

import (
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"brownout/internal/telemetry"
)

var orders = telemetry.Topic{Name: "orders", Group: "sales"}

// A message is handled in a trace of its own, which names the span that has sent it.
func TestConsumerIsLinkedToTheSender(t *testing.T) {
	tr, exporter := tracing(t, telemetry.TracingConfig{})
	x := tr.Start(sampled, "checkout", at(0))
	sent := x.Send(orders, at(ms))
	link := sent.Link()
	sent.End(at(2*ms), telemetry.Result{})
	x.End(at(3*ms), 200, nil)
	tr.Receive(telemetry.Message{Topic: orders, ID: "7-0", Traceparent: link}, at(9*ms)).End(at(10*ms), 0, nil)
	spans := exporter.GetSpans()
	producer, consumer := spans[0], spans[2]
	if producer.Name != "send orders" || producer.SpanKind != trace.SpanKindProducer || producer.SpanContext.TraceID().String() != callersTrace {
		t.Errorf("the producer is %+v", producer)
	}
	if consumer.Name != "process orders" || consumer.SpanKind != trace.SpanKindConsumer || consumer.Parent.IsValid() ||
		consumer.SpanContext.TraceID() == producer.SpanContext.TraceID() {
		t.Errorf("the consumer is %+v", consumer)
	}
	if len(consumer.Links) != 1 || consumer.Links[0].SpanContext.SpanID() != producer.SpanContext.SpanID() ||
		consumer.Links[0].SpanContext.TraceID() != producer.SpanContext.TraceID() {
		t.Errorf("the links are %+v", consumer.Links)
	}
	all := attribute.NewSet(consumer.Attributes...)
	for key, want := range map[attribute.Key]string{
		"messaging.system": "redis", "messaging.destination.name": "orders", "messaging.operation.type": "process", "messaging.operation.name": "process",
		"messaging.consumer.group.name": "sales", "messaging.message.id": "7-0", "brownout.kept": "sampled",
	} {
		if got, _ := all.Value(key); got.AsString() != want {
			t.Errorf("%s is %q, want %q", key, got.AsString(), want)
		}
	}
	if all.HasValue("http.response.status_code") || all.HasValue("error.type") {
		t.Errorf("attributes %v", consumer.Attributes)
	}
}

// Of a request that is not sampled messages carry nothing, and what is made of them is kept only if
// that fails.
func TestConsumerOfAnUnsampledRequest(t *testing.T) {
	for _, c := range []struct {
		err  error
		kept string
	}{{nil, ""}, {errors.New("no store"), "failed"}} {
		tr, exporter := tracing(t, telemetry.TracingConfig{Ratio: 0})
		link := tr.Start(unsampled, "checkout", at(0)).Send(orders, at(0)).Link()
		tr.Receive(telemetry.Message{Topic: orders, ID: "7-0", Traceparent: link}, at(0)).End(at(ms), 0, c.err)
		if link != "" || reasons(exporter) != c.kept {
			t.Errorf("error %v: link %q, kept %q, want %q", c.err, link, reasons(exporter), c.kept)
		}
		for _, s := range exporter.GetSpans() {
			if len(s.Links) != 0 {
				t.Errorf("links %v", s.Links)
			}
		}
	}
}
