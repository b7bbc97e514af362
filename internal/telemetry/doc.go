// Package telemetry is how services are seen from outside: traces that tell waiting
// from working, metrics of loops, pools, requests and calls, and a log that does not
// flood.
//
// # Traces
//
// A [Trace] takes notes of one request and decides at its end whether they are worth
// keeping:
//
//	Start ─> Wait, Work, Event, Call ─> End ── sampled, failed or slow? ── no ─> forgotten
//	                                              │ yes
//	                                              └─> queue ─> spans ─> collector
//
// So an ordinary request costs a few hundred nanoseconds, and the one that somebody
// will ask about is there all the same. Where a trace of several services is kept for
// being slow or failed, each service decides for its own part.
//
// A request is one span, with one below it for each stretch of waiting or work and each call, and
// events for what happened meanwhile:
//
//	wait mailbox, wait loop          until the loop had time: for the request, for an answer
//	wait NAME connection             until a call had its turn
//	wait pool, wait worker           until a worker was free
//	wait retry                       between two attempts
//	wait for NAME                    the loop was kept by that callback
//	work loop, pool, worker          somebody was at it
//	call NAME: OPERATION             somebody else had it: a client span
//	send, process TOPIC              a message was published, or handled; the second is a trace of its own,
//	                                 with a link to the first
//	events retry, refused, fault     another attempt, a protection's refusal (also of another attempt), the
//	                                 hit of a fault
//
// The fault of a link is no event, for a link sees connections and no requests (chaos/proxy): what it does to a call
// is how that ended, in the span of who made it.
//
// Attributes are named after OpenTelemetry's semantic conventions; what those have no name for begins
// with "brownout.". A query is left out, for it may say who somebody is.
//
// # Metrics
//
// They are those of client_golang, but for [Histograms]: durations, which are most of what is shown, are counted in
// arrays, and write their own lines where a [Registry] is looked at in text. Any other registry has them as it has
// everything else.
//
// # Goroutines
//
// Any goroutine may call everything here, but for LoopDelay and TurnEnd of a
// [LoopMetrics], which are for its loop. Nothing that a request calls blocks.
//
// # Bounds
//
//	what                               bound          beyond
//	notes of a request                 128            brownout.lost_entries of its span
//	text of a span, in one place       4 KiB          cut
//	kept traces on their way           1,024          brownout_traces_lost_total
//	spans on their way                 8,192          dropped by the OpenTelemetry SDK
//	routes, statuses                   those known    label "other"
//	culprits of long turns             64             label "other", one for each phase
//	buckets of a native histogram      256            the first, about a microsecond, or the last, an hour
//	looks at the metrics at once       4              answered 503
//	calls, outcomes of one             256, 32        label "other"
//	classes of a pool                  64             label "other"
//	classes of a store's connections   64             left out
//	long turns remembered              16             the oldest goes
//	equal log messages in a second     20             counted in a line
package telemetry
