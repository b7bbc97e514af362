// Package tracestore keeps the traces of a run: it takes spans with OTLP over HTTP, holds
// the latest in memory, and answers which were slow.
//
//	POST /v1/traces ─> bounds ─> decode ─> the trace of each span ─> Get, Slowest, Search
//	                   │ 4xx, 503            │ oldest trace goes     └─> Export ─> Import
//
// # Traces that are not whole
//
// Spans come in any order, from several services, batch by batch. A trace is what has come
// so far. Its root is the span that no other span of it called; of several, the one that
// began first. So, while the gateway's part is missing, the root is a part of it, and the
// trace is found by the name of that.
//
// What was cut off is counted: Trace.Dropped for spans, Span.Dropped for attributes and
// events. Spans of a trace that was evicted begin a new one.
//
// # Goroutines
//
// Any goroutine may call everything here. A [Server] has one goroutine, and one for each
// connection; a [Store] has none.
//
// # Bounds
//
//	what                             bound                beyond
//	traces                           Config.MaxTraces     the oldest goes
//	bytes, as reckoned               Config.MaxBytes      the oldest goes
//	spans of a trace                 Config.MaxSpans      dropped and counted
//	attributes of a span or event    32                   dropped and counted
//	events of a span                 128                  dropped and counted
//	text                             1 KiB                cut
//	body, compressed or not          4 MiB                413
//	spans of a body                  20,000               413
//	bodies that are read at a time   8                    503
//	bodies that are decoded at once  1                    wait
//	a line of an import              64 MiB               an error
//
// Decoding may for a moment take up to a hundred times the size of a body that was made to
// do so; those of services take about five times.
package tracestore
