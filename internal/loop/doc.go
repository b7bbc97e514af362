// Package loop is an event loop after Node's model: libuv's phases, V8's
// microtasks, and tasks that read top to bottom and still run one at a time.
//
// # A turn
//
// A loop is one goroutine that goes round. Each turn passes through the phases
// in this order:
//
//	        ┌────────────────────────────────────────────────┐
//	main ─> │ timers  ─> pending ─> prepare ─> poll ─> check │ ─> close
//	        └───^────────────────────────────────────────│───┘
//	            └────────────────────────────────────────┘
//
//	timers   timeouts and intervals that were due when the phase began
//	pending  ticks and microtasks that the last turn put off, being over its budget
//	prepare  hooks of OnPrepare
//	poll     completions of jobs and calls, then work posted by other goroutines;
//	         blocks here when there is nothing else to do
//	check    immediates that were set before the phase began
//	close    callbacks of OnClose, once, when the loop ends
//
// What a phase runs is a macro-callback. After every single one, the loop
// drains: all ticks, then all microtasks, and again, until both queues are empty.
// [NodeOrder] and [HandbookOrder] differ only in whether a tick queued by a
// microtask waits until the microtasks have run dry.
//
// Whether a timer of 0 ms, which waits 1 ms, comes before an immediate set beside
// it in main is free here for the reason for which it is in Node: it depends on
// whether 1 ms has passed when the loop looks at its timers.
//
// # Tasks
//
// A [Task] is a coroutine on the loop (on iter.Pull, so a switch costs some 45 ns and
// involves no scheduler). It waits with [Await] for a promise, with [Offload] for
// a job on a worker pool, with [Go] for a call on a goroutine of its own, and with
// Sleep for time; meanwhile the loop turns. What follows a wait runs as a
// microtask: a promise job.
//
// Between two waits a task has the loop to itself. What belongs to the loop needs
// no lock, and there is no data race on it. A race across a wait is possible: what
// was read before may be stale after.
//
// A task is cancelled through the context that it was spawned with, by Cancel, by
// its WithTimeout, and at the end of the loop. Then whatever it waits for fails, at
// once, with the cause; what ran on its behalf elsewhere sees its Context done.
//
// # Who may call what
//
// On the loop means in main, in callbacks and in tasks, and, before [Loop.Run],
// on the goroutine that made the loop.
//
//	any goroutine         Post, Close, Done, State, SetMicrotaskBudget, Name, and a
//	                      Group's SetLimit and InFlight
//	the loop              everything else, promises included
//	the task itself       Await, Offload, Go, Sleep, WithTimeout, Shielded, a Group's Enter
//	the executor          the methods of a Job, from whatever goroutine
//	the watchdog's        OnLongTurn
//
// There are two ways in from other goroutines, and they differ in what they may
// refuse. New work comes through the mailbox, which is bounded: [Loop.Post] says
// ErrFull. Completions come through a queue that never refuses, for a completion
// that could be refused would be a task that hangs for ever. It is bounded all the
// same: the slot is a part of the operation, reserved when that starts, and
// operations in flight are limited.
//
// # Limits
//
//	mailbox               Config.Mailbox, then ErrFull
//	operations in flight  Config.MaxOperations, then ErrFull
//	calls of a group      GroupConfig.Limit and Queue, then ErrFull
//	ticks and microtasks  16,777,216 queued, then a panic: it is a runaway; and
//	                      Config.MicrotaskBudget in a turn, if set, then the next turn
//	immediates, timers    16,777,216 each, then a panic
//	tasks                 1,048,576, then a panic; bound them where work comes in
//	names                 1,024, then "(other)"; a name is a constant, not a user
//	idle coroutines       1,024 are kept
//
// The memory of the most that was ever queued is kept for the next time.
//
// # What it knows of itself
//
// An [Observer] is told of every turn: event loop delay, active and idle time,
// each phase, queue depths, the longest callback with its name. [Loop.State]
// tells any goroutine the same without involving the loop, even while that is
// blocked or starved. With Config.LongTurn a watchdog reports a turn that does not
// end while it still runs: name, phase, age and stack of the culprit.
//
// The clock is read once for every macro-callback, its ticks and microtasks
// included. Outside of the timers phase, once callbacks of one name take less than
// 0.5 µs each, up to 16 of them share a reading.
//
// # Time and simulation
//
// Loop code uses plain package time. Inside a testing/synctest bubble time is
// virtual. Put a [Simulated] executor in place of the pool and of the goroutines
// of Go, and nothing runs but the loop: the same seed gives the same run.
package loop
