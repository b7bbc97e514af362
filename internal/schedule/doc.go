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
// [Parse] reads documents, and [Document.String] and [Program.String] print
// them in the one form that Parse reads back to the same value.
package schedule
