// Package inventory is the service that knows what the shop has: the products, how
// many of each are there, and the holds that set some aside for an order.
//
// # A hold
//
// The caller names a hold, so that whatever it asks for can be asked again when the
// answer was lost. A [Action] moves the hold from one status to another, and its
// pieces from one [Pile] to another with it:
//
//	              hold                  commit                return
//	(nothing) ───────────> held ─────────────────> sold ───────────────> returned
//	    │                  │  │                     ^
//	    │          release │  │ expire              │ commit, if the
//	    │                  v  v                     │ pieces are still there
//	    └────────> released <─────── expired ───────┘
//	      release          release
//
// An action that has been done already answers as it did and moves nothing. To
// release a hold that nobody knows leaves a tombstone: the request to hold, which may
// still be on its way, then finds its hold cancelled. For the same reason a release
// closes an expired hold, although there is nothing to put back.
//
// The rules are data, in [Action.Steps]: adapters of a [Store] carry them out and do
// not know them.
//
// # What must hold
//
// Of every product, available + held + sold = initial + restocked, and none of them is
// negative; held and sold are what the lines of the held and of the sold holds add up
// to. Each change of a Store is one atomic operation. With the protection
// single-writer off, a hold reads, checks and writes in three operations with
// waits between them, and two holds may then both take the last piece.
//
// # Capacity
//
// Every write waits for one of a number of workers, and takes it for the service time;
// then the store is told. So the service can write workers ÷ service time times a second,
// however fast the store is. A read of products, one or a page of them, takes one of the
// same workers for the read time, if there is any; auditors' reads take none.
//
// What belongs to a hold has its turn first, then reads and restocks, then what
// [Inventory.Occupy] is told to do, but for every eighth turn, which is that of what has waited
// longest; without the protection priority, it is first come, first served. At most 65,536
// wait: one more is refused.
package inventory
