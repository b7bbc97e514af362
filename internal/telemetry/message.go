package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Topic is a stream of messages in Redis.
type Topic struct {
	// Name is the stream's.
	Name string
	// Group is the one of consumers that a message is delivered to.
	Group string
}

// A Message is one that was delivered to a consumer.
type Message struct {
	Topic Topic
	ID    string
	// Traceparent came with the message: that of the span in which it was sent, "" if nobody
	// has said.
	Traceparent string
}

// Send begins the sending of a message: a span "send orders". The message carries the
// Link of what is returned.
func (t *Trace) Send(topic Topic, at time.Time) *Call {
	return t.begin(kindSend, &sending, Operation{Name: topic.Name}, at)
}

// sending is whom messages are sent to.
var sending = Peer{operation: func(o *Operation, _ *Peer) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKey.String("redis"), semconv.MessagingDestinationName(o.Name),
		semconv.MessagingOperationTypeSend, semconv.MessagingOperationName("send"),
	}
}}

// Receive begins the trace of a message that a consumer has taken up at a time: a span "process
// orders" of a trace of its own, for many messages may come of one request, and they may come
// late. It is linked to the span in which the message was sent, and sampled if that was.
func (tr *Tracing) Receive(m Message, at time.Time) *Trace {
	if tr == nil {
		return nil
	}
	t := tr.Begin("process "+m.Topic.Name, at)
	t.record.kind, t.record.message = trace.SpanKindConsumer, m
	if sender, ok := parseTraceparent(m.Traceparent); ok {
		t.record.sender, t.sampled = sender, sender.sampled
	}
	return t
}

// links are those to where a trace comes from without being a part of it.
func (r *record) links() []sdktrace.Link {
	if !r.sender.trace.IsValid() {
		return nil
	}
	return []sdktrace.Link{{SpanContext: r.sender.context()}}
}

func (m *Message) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKey.String("redis"), semconv.MessagingDestinationName(m.Topic.Name),
		semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"),
		semconv.MessagingConsumerGroupName(m.Topic.Group), semconv.MessagingMessageID(m.ID),
	}
}
