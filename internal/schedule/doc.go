// Package schedule describes schedule programs: small texts that say in which
// order an event loop is given work, so that the order in which it does the
// work can be asked for, predicted and compared with Node's.
//
// A program is a JSON list of ops. An op is an object with exactly one key:
//
//	{"log": "A"}          print A
//	{"nextTick": [...]}   run the body as a tick: process.nextTick(body)
//	{"promise": [...]}    run the body as one microtask: Promise.resolve().then(body)
//	{"timeout": [...]}    run the body on a timer of 0, which is 1 ms: setTimeout(body, 0)
//	{"immediate": [...]}  run the body in the check phase: setImmediate(body)
//	{"io": [...]}         run the body when one read on the thread pool is done
//
// A body is a program again. The order of a program is what it prints, the
// texts separated by spaces.
//
// A document is either one program or a list of puzzles. A puzzle is a program
// with an id and, where they are known, all orders that each of two policies
// allows: node (Node 11 and later let the microtask queue run dry before they
// look at ticks queued meanwhile) and handbook (ticks are looked at after every
// microtask, as many textbooks tell it).
//
//	{"id": "Q71", "program": [...], "node": ["A B"], "handbook": ["A B"]}
//
// [Parse] and [Read] read documents, and [Document.String] and [Program.String] print
// them in the one form that Parse reads back to the same value.
//
// # Running
//
// [Run] runs a program on a real event loop, of package loop, and returns a
// [Trace] of it. Nothing about the order is worked out in advance: a tick is a
// tick of the loop, a promise a reaction to a resolved promise, a timeout a timer
// and an immediate an immediate; an io is a read of a file on a worker of a pool,
// whose completion comes back in the poll phase. Where a program has more than
// one order, clock and workers decide, as they do in Node:
//
//   - A timer and an immediate set by main: whether 1 ms has passed when the
//     loop first looks.
//   - Several timers: whether they come due together or turn by turn.
//   - A read and anything that does not wait for it: how long the read takes.
//
// [Trace.Order] is what was printed. [Trace.Explain] is a table of what ran, in
// which turn and phase, and why then. For timers, immediates and reads it goes by
// the turns and times that the trace has, for ticks and microtasks by the rules
// that the loop was run with.
//
// Every function may be called from any goroutine. A trace is not changed once
// Run has returned it.
package schedule
