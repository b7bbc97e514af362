// Package loadgen sends load to a schedule and measures what comes of it.
//
// The model is open: requests are due when the schedule says so, whether or not
// earlier ones have been answered, as with customers who know nothing of each other.
//
//	Pacer ──> Attacker ──> evidence.Sample ──> Summary ──> Report ──> Threshold
//	             ^                       └───> Journal
//	Scenario ────┘
//
// A [Pacer] is pure: it says when the i-th request is due. A [Scenario] says what the
// i-th request is: [Shoppers] behave as customers of the shop, a [Fixed] sends the
// same request over and over. A [Joint] is several of each at once, as when the crowd of one
// tenant comes beside all others ([Shoppers.Come]). An [Attacker] sends each request when it is due and
// turns it into one sample, whatever happens. It is an [Engine], as is that of package wire, which
// is for one request to one server and costs much less. A [Run] tells all who want to know of an engine's samples: a [Summary]
// folds samples, a [Journal] keeps them, [Threshold]s judge the [Report]. [Metrics] show what comes of it meanwhile, and a
// [Timeline] keeps how it went.
//
// # In parts
//
// A [Stride] is a share of a schedule, and all shares are the schedule. A report carries the histograms
// of its routes, and [Summary.Merge] adds reports up as though one process had sent all of it.
// [brownout/loadgen/fleet] has several do so.
//
// # No coordinated omission
//
// Latency counts from the time when a request was due, so a generator or a service
// that stalls shows in the latency of everything that was due meanwhile. How much of it is
// the generator's own doing says the [Schedule] of a report. What could
// not be sent, because too much is in flight or because the client's patience ended
// before its turn came, is a sample too: its outcome is unsent.
//
// # Repeatable
//
// The same seed gives the same arrivals, and the same choice of customers, products
// and quantities for each of them. What depends on answers may differ: which order is
// looked at or refunded. Idempotency keys and trace ids differ from run to run.
//
// # Limits
//
//	requests a second   MaxRate
//	length of a run     MaxLength
//	in flight           AttackerConfig.MaxInFlight, then unsent
//	samples waiting     8,192, then the workers wait, and what is due counts as in flight
//	an answer's body    4 MiB, then an error
//	routes, error codes 32 each, then "(other)"
//	routes of metrics   those named at the start, then "(other)"
//	a timeline          512 slots, which get wider
//	shares              MaxShares
//	orders remembered   10,000, then the oldest are forgotten
package loadgen
