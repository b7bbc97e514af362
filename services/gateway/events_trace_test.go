package gateway_test

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/internal/service/servicetest"
)

// named returns the spans of a name.
func named(spans tracetest.SpanStubs, name string) (found tracetest.SpanStubs) {
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// The trace of a checkout has the span in which its event was published, and that of its consumer is
// linked to it.
func TestOrderEventsAreLinkedToTheirConsumers(t *testing.T) {
	inTown(t, func(w *town) {
		exporter := servicetest.Trace(t, w.Runtime)
		w.checkout("k1")
		w.sleep(time.Second)
		sent, taken := named(exporter.GetSpans(), "send order-events"), named(exporter.GetSpans(), "process order-events")
		if len(sent) != 1 || len(taken) != 1 || len(taken[0].Links) != 1 {
			t.Fatalf("%d sent, %d taken, of %v", len(sent), len(taken), exporter.GetSpans())
		}
		if link := taken[0].Links[0].SpanContext; link.SpanID() != sent[0].SpanContext.SpanID() || link.TraceID() != sent[0].SpanContext.TraceID() {
			t.Errorf("the link leads to %v, not to %v", link, sent[0].SpanContext)
		}
		if taken[0].SpanContext.TraceID() == sent[0].SpanContext.TraceID() || sent[0].Parent.SpanID() != named(exporter.GetSpans(), "checkout")[0].SpanContext.SpanID() {
			t.Error("the event was not published in the trace of the checkout, or is handled in it")
		}
	})
}

// An event that is buried has a trace that failed, and only then one.
func TestBuriedEventsHaveATrace(t *testing.T) {
	inTown(t, func(w *town) {
		exporter := servicetest.Trace(t, w.Runtime)
		if err := w.store.Publish(w.Task, []byte(`{"order":`)); err != nil {
			t.Fatal(err)
		}
		w.sleep(20 * time.Second)
		taken := named(exporter.GetSpans(), "process order-events")
		if len(taken) != 1 || !strings.HasPrefix(taken[0].Status.Description, "gateway: the event was buried") || len(taken[0].Links) != 0 {
			t.Errorf("traces %v", taken)
		}
	})
}
