// Package verdict says what a run of a drill has shown. It is pure: evidence and the drill's
// checks in, a verdict out.
//
//	PASS     the off arm broke as the signature says, the on arm kept its promises, the books
//	         of the on arm add up, and the faults were seen to hit and to end
//	FAIL     a promise was broken
//	INVALID  nothing can be said: the generator fell behind, the shop was not well before
//	         anything was done to it, the calibration is off, a fault did nothing or did not
//	         end, the off arm did not break, or the machine was busy with something else
//	         while a promise was broken
//
// A promise that was broken is told even if something else makes the run invalid, but the
// result is then INVALID: who cannot measure cannot accuse.
//
// # A busy machine
//
// Where an arm breaks a promise that is measured, or an alert is late, and more than half a core did
// something else over any 3 s of the arm's load, or was given to others by the machine's host, nothing is said about
// the shop: see docs/adr/0028-a-busy-machine-is-no-verdict.md. What was kept in spite of it was kept, and
// books that do not add up are wrong on any machine.
//
// # Checks
//
// A [Check] is a measure over a span of an arm, held against bounds:
//
//	goodput    the share of the requests scheduled that were answered rightly within the
//	           client's patience, as a share of the baseline's
//	latency    a quantile of the latency of a route's requests, refusals left out
//	refusal    a quantile of the time that a refusal took, from when the request was sent
//	recovery   the time from the end of the last fault until goodput holds 95 % of the
//	           baseline's for 3 s; endless if it does not
//	attempts   amplification: attempts at some place for each request scheduled, as a multiple
//	           of the baseline's
//	query      a PromQL expression over the arm's metrics
//
// Bounds are formulas: see [Formula].
//
// # Alerts
//
// An [Alert] is judged as Prometheus would: it fires on a series of its expression that has had a value for so
// long, at each step of what was recorded. That an alert of the off arm did not fire in
// time breaks the promise "alerts". That one did which tells of a cause that was not there makes the run invalid: the alert
// is wrong, or the machine was busy with something else, which another run will tell.
//
// # Chance
//
// Goodput is compared window by window, each of at least 100 requests. A window breaks a
// promise only if so few good answers, or fewer, would come with a probability below 0.001
// were the promise kept: the binomial bound of 99.9 %. So healthy Poisson traffic does not
// look sick.
//
// Attempts are counted by a metric that is read twice a second, so those at either end of a span
// may be counted with its neighbour. Where no routes are named, also how many of the requests are of
// those that lead to attempts is left to chance. More attempts than were promised break it only if they are 3.09
// standard deviations of these two more: as many would come with the same probability.
//
// A baseline is only compared with if it can be: if the routes of the check were healthy, and if chance
// explains no more than half of the attempts. Otherwise the check cannot be told.
package verdict
