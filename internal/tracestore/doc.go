// Package tracestore keeps the traces of a run: it takes spans with OTLP over HTTP, holds
// the latest in memory, and answers which were slow.
//
//	POST /v1/traces ─> bounds ─> decode ─> the trace of each span ─> Get, Slowest, Search
//	                   │ 4xx, 503            │ oldest traces go      └─> Export ─> Import
//	                                         └─> put by: failed, slow
//
// # What is kept
//
// Traces make room for later ones a twentieth at a time, the oldest first. Of those the ones in which
// a span failed are put by, and of the others the slowest twentieth, each kind in up to a quarter of
// the room; there the oldest of the kind goes. So a crowd of ordinary traces does not drive out the
// few that tell why, and a crowd of failures does not drive out what is ordinary.
//
// # Traces that are not whole
//
// Spans come in any order, from several services, batch by batch. A trace is what has come
// so far. Its root is the span that no other span of it called; of several, the one that
// began first. So, while the gateway's part is missing, the root is a part of it, and the
// trace is listed by the name of that. It is found by what any service was asked in it.
//
// What was cut off is counted: Trace.Dropped for spans, Span.Dropped for attributes,
// events and links. Spans of a trace that was evicted begin a new one.
//
// # Goroutines
//
// Any goroutine may call everything here. A [Server] has one goroutine, and one for each
// connection; a [Store] has none.
//
// # Bounds
//
//	what                             bound                beyond
//	traces                           Config.MaxTraces     the oldest go, as above
//	bytes, as reckoned               Config.MaxBytes      the oldest go
//	traces put by, of each kind      a quarter of both    the oldest goes
//	spans of a trace                 Config.MaxSpans      dropped and counted
//	attributes of a span or event    32                   dropped and counted
//	events of a span                 128                  dropped and counted
//	links of a span                  32                   dropped and counted
//	text                             1 KiB                cut
//	these four, in an import         as above             an error
//	body, compressed or not          4 MiB                413
//	spans of a body                  20,000               413
//	bodies that are read at a time   8                    503
//	bodies that are decoded at once  1                    wait
//	a line of an import              64 MiB               an error
//
// Decoding may for a moment take up to a hundred times the size of a body that was made to
// do so; those of services take about five times.
package tracestore
