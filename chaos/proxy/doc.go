// Package proxy carries TCP connections over links that can be made faulty.
//
//	client ──> Link ──> upstream        "requests" go this way
//	client <── Link <── upstream        "replies" go that way
//
// Each connection has two flows, one in each direction. A flow reads pieces from one end and
// delivers them to the other:
//
//	no toxic:    Read ─────────────────────────────────────────────> Write
//	any toxic:   Read ─> queue (bounded) ─> toxic ─> toxic ─> ... ─> Write
//
// The pieces of a flow are delivered in the order in which they came, whatever toxics there
// are, and none is dropped: a toxic delays, cuts into parts, holds until it ends, or resets the
// whole connection. The first piece of the requests opens the connection to the upstream, and
// the last of each flow closes its direction, so that these are delayed and held like
// data, and a connection that is half closed stays so.
//
// The toxics have the names and parameters that Toxiproxy made known:
//
//	fault          toxic here    in Toxiproxy
//	net.latency    Latency       latency
//	net.bandwidth  Bandwidth     bandwidth, but one rate for all connections of the link
//	net.reset      ResetPeer     reset_peer, but existing connections are reset as well
//	net.blackhole  Timeout       timeout without an end, but what it held is delivered in the end
//	net.oneway     Timeout       the same, in one direction
//	net.slice      Slicer        slicer
//
// Why it is not Toxiproxy: docs/adr/0014-links.md.
//
// # What differs from a cable
//
// A link accepts a connection before it knows whether the upstream does. The first client that nobody
// takes sees a reset where it would have been refused; from then on the link does not listen either, until
// somebody does at the upstream, which it looks for every 50 ms. A client whose connection is held
// before it is opened is connected already, as far as it can tell; if it has left when the toxic
// ends, the connection is never opened, as on a cable that was cut.
//
// # What traces show of it
//
// A link reads bytes, and many requests share a connection, so a link cannot say which of them it has harmed: it adds
// nothing to a trace, and chaos_fault_hits_total counts connections and pieces. What it did is in the spans of those who
// suffered it. A call whose connection was reset has the status error and an error.type of "error", one that was held
// for too long has "timeout", and one that was only slow is longer than the callee's own span below it, by what the
// link took.
//
// # Goroutines
//
// Any goroutine may call everything here. A connection has two goroutines, and one more for each
// direction that toxics act on.
//
// # Bounds
//
//	what                               bound      beyond
//	connections of a link              1,024      reset at once, counted
//	a piece                            32 KiB     is two pieces
//	a queue                            256 KiB    nothing is read until there is room
//	opening the upstream               5 s        the client is reset
package proxy
