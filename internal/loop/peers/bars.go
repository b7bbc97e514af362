package main

import (
	"fmt"
	"regexp"
	"strings"
)

// Source is where a measurement comes from.
type Source string

// The sources of measurements.
const (
	Go    Source = "Go"    // benchmarks of this module: our operations, and the bare Go things some are held against
	Node  Source = "Node"  // internal/loop/testdata/peers.js
	Libuv Source = "libuv" // internal/loop/testdata/peers.c
)

// A Bar holds one of our operations against the like operation of a peer.
type Bar struct {
	Op          string // our benchmark, without the word Benchmark
	Peer        Source
	PeerOp      string
	Limit       Limit
	MayAllocate bool // false: allocs/op must be 0 for the bar to be met
}

// Bars are what the loop and the pool promise, in the order in which they are reported.
var Bars = []Bar{
	{"NextTick/chain", Node, "tick/chain", Faster(8), false},
	{"NextTick/batch1000", Node, "tick/batch1000", Faster(8), false},
	{"Microtask/chain", Node, "microtask/chain", Faster(8), false},
	{"Microtask/batch1000", Node, "microtask/batch1000", Faster(8), false},
	{"Immediate/batch1000", Node, "immediate/batch1000", Faster(5), false},

	{"Post/1", Go, "Channel/1", Within(1), false},
	{"Post/8", Go, "Channel/8", Within(1), false},

	{"Timers/same/create", Node, "timer/same/create", Faster(5), false},
	{"Timers/same/create", Libuv, "timer/same/create", Beside(), false},
	{"Timers/same/create+fire", Node, "timer/same/create+fire", Faster(5), false},
	{"Timers/same/create+fire", Libuv, "timer/same/create+fire", Beside(), false},
	{"Timers/same/create+clear", Node, "timer/same/create+clear", Faster(5), false},
	{"Timers/same/create+clear", Libuv, "timer/same/create+clear", Beside(), false},
	{"Timers/spread/create", Node, "timer/spread/create", Faster(5), false},
	{"Timers/spread/create", Libuv, "timer/spread/create", Beside(), false},
	{"Timers/spread/create+fire", Node, "timer/spread/create+fire", Faster(5), false},
	{"Timers/spread/create+fire", Libuv, "timer/spread/create+fire", Beside(), false},
	{"Timers/spread/create+clear", Node, "timer/spread/create+clear", Faster(5), false},
	{"Timers/spread/create+clear", Libuv, "timer/spread/create+clear", Beside(), false},

	{"Await/settled", Go, "CoroutineSwitch", Within(2), false},

	{"Pool/serial", Go, "ChannelRoundTrip", Within(2), true},
	{"Pool/serial", Node, "pool/serial", Beside(), true},
	{"Pool/serial", Libuv, "pool/serial", Beside(), true},
	{"Pool/64callback", Libuv, "pool/64", Faster(10), true},
	{"Pool/64callback", Node, "pool/64", Beside(), true},
	{"Pool/64await", Go, "CoroutineSwitch", Within(4), true},
}

// GoBenchmarks is the regular expression, for -test.bench, of the benchmarks that the bars name: those of
// timers, or all others.
func GoBenchmarks(bars []Bar, timers bool) string {
	var names []string
	seen := map[string]bool{}
	add := func(op string) {
		name, _, _ := strings.Cut(op, "/")
		if !seen[name] && (name == "Timers") == timers {
			seen[name] = true
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	for _, b := range bars {
		add(b.Op)
		if b.Peer == Go {
			add(b.PeerOp)
		}
	}
	return "^Benchmark(" + strings.Join(names, "|") + ")$"
}

// A Limit is what the ratio of the two times must satisfy. The zero value shows the peer and judges nothing.
type Limit struct {
	atLeast float64 // peer/ours, 0 for none
	atMost  float64 // ours/peer, 0 for none
}

// Faster is met when the peer takes at least the given multiple of our time.
func Faster(multiple float64) Limit { return Limit{atLeast: multiple} }

// Within is met when we take at most the given multiple of the peer's time.
func Within(multiple float64) Limit { return Limit{atMost: multiple} }

// Beside shows the peer for orientation and judges nothing.
func Beside() Limit { return Limit{} }

// Judges reports whether the limit can be met or missed at all.
func (l Limit) Judges() bool { return l != Limit{} }

// Holds reports whether our time and the peer's, in the same unit, satisfy the limit.
func (l Limit) Holds(ours, peer float64) bool {
	if l.atMost > 0 {
		return ours <= l.atMost*peer
	}
	return peer >= l.atLeast*ours
}

// Ratio is the ratio that the limit is about, with its direction.
func (l Limit) Ratio(ours, peer float64) string {
	if l.atMost > 0 {
		return fmt.Sprintf("ours/peer %.2f", ours/peer)
	}
	return fmt.Sprintf("peer/ours %.2f", peer/ours)
}

func (l Limit) String() string {
	switch {
	case l.atMost > 0:
		return fmt.Sprintf("ours/peer ≤ %g", l.atMost)
	case l.atLeast > 0:
		return fmt.Sprintf("peer/ours ≥ %g", l.atLeast)
	default:
		return "none"
	}
}
