package telemetry

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// What is well formed here, OpenTelemetry takes too, and with the same meaning; it is
// more lenient about what follows, and refuses flags that it does not know, which the
// standard has ignored. Internal, for the parser is of no use to others.
func FuzzTraceparent(f *testing.F) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, s := range []string{good, "", good[:54], good + "-", "01" + good[2:], "01" + good[2:] + "-x", "01" + good[2:] + "x", "ff" + good[2:],
		"00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, ok := parseTraceparent(header)
		ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": header})
		want := trace.SpanContextFromContext(ctx)
		if ok && header[atFlags:lenTraceparent] > "03" {
			return
		}
		if ok && (!want.IsValid() || got.trace != want.TraceID() || got.span != want.SpanID() || got.sampled != want.IsSampled()) {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
		if !ok && want.IsValid() && len(header) == lenTraceparent {
			t.Errorf("%q: refused, want %v", header, want)
		}
		if again, ok := parseTraceparent(got.String()); ok != got.trace.IsValid() || again != got {
			t.Errorf("%q: reads back as %v", got, again)
		}
	})
}
