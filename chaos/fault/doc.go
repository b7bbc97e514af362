// Package fault breaks a process on purpose, for a while.
//
//	Spec ──> Injector ──> Kind.Start(Injection) ──> harm
//	           │ checks, bounds, counts      │
//	           └── TTL, lease, Clear ──> Done, OnEnd ──> as it was before
//
// A [Kind] is a fault with typed, bounded parameters. A [Spec] asks for one: for how long,
// how probably, how often. An [Injection] is one that is active; it ends by itself. An
// [Injector] holds those of one process; its Handler is what the admin port shows, and a
// [Client] is who asks it. [Catalogue] has all kinds there are; a [Host] says which of
// them a process can have.
//
// # What holds for every fault
//
//   - It ends: after its time to live, five minutes at most, when its lease is not
//     renewed, or when it is cleared, whichever is first, and then all is as before.
//   - It can be stopped at once: what it starts looks at [Injection.Stopped] or
//     [Injection.Done] at each step, also on a loop that does nothing else.
//   - It is seen: chaos_fault_active, chaos_fault_hits_total, and a line in the log for
//     each change.
//   - What is random in it comes from its seed.
//   - A fault that has nothing to break is refused, with the reason.
//
// # How to add a fault
//
// Write one file with a function that returns the [Kind], and a test beside it; add the
// function to the list in [Catalogue]. This is a whole fault:
//
//	func doorOpen(h Host) Kind {
//		return Kind{
//			Name:    "door.open",
//			Summary: "Leaves a door open: the room gets cold.",
//			Missing: missing(h.Door != nil, "door"),
//			Params:  []Param{{Name: "width", Help: "how wide", Type: Ratio, Default: "0.5", Max: "1"}},
//			Start: func(i *Injection) error {
//				was := h.Door.Open(i.Ratio("width"))
//				i.OnEnd(func() { h.Door.Open(was) })
//				h.Door.OnDraught(func() bool { return i.Hits() })
//				return nil
//			},
//		}
//	}
//
// Start returns at once, and must not wait for a loop or a pool: it is called by the
// admin port, which answers also when those do not. Where the fault could do harm, it asks
// [Injection.Hits] first, which minds toxicity and First and counts; harm without a
// choice is counted with [Injection.Hit]. A fault that never hits is a bug. What belongs to
// a loop is done by a function that is posted to it; there, [Injection.Stopped] is looked
// at in every step, and a block waits on Done. Goroutines end with Done. What is set is set
// back in [Injection.OnEnd], which must not block either.
//
// If what is broken is not in a [Host] yet, add an interface for it there: what a fault
// needs of it, and no more. The functions that build services (cmd/brownout) fill it in.
//
// The test shows the harm, its end by Clear while it is at its worst, and a hit. Those of
// the catalogue hold the rest: every kind's defaults are taken, its parameters are fuzzed,
// no goroutine is left.
//
// # Limits
//
//	active in a process    64, then 503
//	ended and remembered   64
//	time to live, lease    1 s to 5 min
//	a text                 64 bytes
//	a request              64 KiB
//
// # Who may call what
//
// Any goroutine may call the methods of an Injector, an Injection and a Client.
package fault
