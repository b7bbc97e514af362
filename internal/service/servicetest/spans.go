package servicetest

import (
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/internal/service"
	"brownout/internal/telemetry"
)

// Trace has a runtime keep the traces of all requests from now on, and returns where their spans are.
func Trace(t testing.TB, rt *service.Runtime) *tracetest.InMemoryExporter {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Service: rt.Name, Ratio: 1, Exporter: exporter})
	if err != nil {
		t.Fatal(err)
	}
	rt.Tracing = tracing
	return exporter
}

// Events are those of all spans, in the order of these: the name of each, and its attributes, as in
// "fault brownout.fault=http.error".
func Events(spans tracetest.SpanStubs) []string {
	var all []string
	for _, s := range spans {
		for _, e := range s.Events {
			text := e.Name
			for _, a := range e.Attributes {
				text += " " + string(a.Key) + "=" + a.Value.String()
			}
			all = append(all, text)
		}
	}
	return all
}
