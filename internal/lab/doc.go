// Package lab runs the shop on one machine: its processes under a supervisor, the
// embedded Redis, and what is kept of a run.
//
//	up ─┬─ embedded Redis (in the process of up)
//	    ├─ links (if asked for: between all the others)
//	    ├─ bank-a, bank-b
//	    ├─ payments, inventory
//	    ├─ gateway
//	    ├─ load
//	    └─ room (watches all the others; see docs/adr/0022-the-room-is-a-process.md)
//
// Each part but Redis is a child process of the one binary. A child says on its
// standard output, in one line of JSON, when and where it is ready; what it logs on its
// standard error goes to a file. It ends when its standard input does, so that none
// outlives the process that started it, however that ends.
//
// # Lives
//
// What stays while a lab runs is its house: ports, tokens, users, the supervisor. An epoch that is
// lived there is a life: data, and processes that work on them. The shop's own life can rest while
// the house is lent to a guest, a drill mostly, that has a life of its own in it:
//
//	       Borrow ──> POST /loans           own processes stop, the guest's start
//	     Borrowed ──> PUT /loans/{id}/lease
//	       Return ──> DELETE /loans/{id}    the guest's stop, the own ones start again
//	(or the lease is over)
//
// A lender knows whether the house is lent, and sees to leases; the lab is its landlord, and has
// the processes change.
//
// # Containers
//
// A shop in containers has no lab. Each part has a supervisor of its own ([Supervise]), a keeper, which lends the part's
// place; a tenancy is all places at once. [Secrets] are what opens such a shop. See docs/adr/0023-a-shop-in-containers.md.
//
// # What is kept
//
//	.brownout/
//	  lock              held while a shop runs here
//	  shop.json         where the running shop is found; see internal/shopfile
//	  metrics/          what the control room has scraped; room.log is its log
//	  epochs/0001/      one life of the data
//	    bank-a.statement, bank-b.statement, journal.jsonl, logs/
//	    redis           the epoch's id, if a real Redis has its data
//	  guests/0001/      likewise, of somebody who borrowed the shop; the last ten
//
// With the embedded Redis every start begins an epoch. With a real one, whose data
// goes on, so does the newest epoch that it knows. The keys of its data begin with the
// epoch's id, so that many folders can share a Redis, and its journals begin with it, so
// that none is audited with other books.
package lab
