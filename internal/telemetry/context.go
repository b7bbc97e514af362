package telemetry

import "context"

type contextKey uint8

// ContextKey is the key under which a context holds its *Trace, for contexts that
// answer Value themselves.
const ContextKey contextKey = 1

// FromContext returns the trace that a context carries, nil if it carries none.
func FromContext(ctx context.Context) *Trace {
	t, _ := ctx.Value(ContextKey).(*Trace)
	return t
}

// NewContext returns a context that carries a trace.
func NewContext(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, ContextKey, t)
}
