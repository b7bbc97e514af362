// Package gateway is the edge of the shop: it knows who asks, how much they may
// ask, and sees checkouts through to an end.
//
// # The checkout
//
// A checkout is a saga over two services, of which none can roll the other back:
//
//	          hold        authorise      capture        commit
//	begin ──> stock ────> money ───────> money ───────> stock ────> confirmed
//	            │           │              │              │
//	            v           v              v              v
//	          release  void, release  ask; void or   hold is gone: refund,
//	                                  go forward     release
//	            └───────────┴──────────────┴──────────────┴───────> cancelled
//
// Before every call the step is recorded in the store, so whoever finds the record
// after a crash knows what may have been done. Every call may be repeated: hold and
// payment carry the id of the order, payments get an idempotency key made of it, and
// to release or void what never was leaves a tombstone, so that a call which comes
// late finds its order undone.
//
// Up to the capture, what fails is undone. Once a capture was sent and its outcome is
// not known, nobody guesses: payments is asked, and the answer decides.
//
// # Who acts
//
// A record has a lease and a fence. The handler that began the order holds the lease
// and renews it with every step. When it runs out, the sweeper takes the order, which
// raises the fence: from then on the store refuses every step of the handler. Both
// may have a call in flight; that is what tombstones are for. Neither can record what
// the other has not seen.
//
// # What a client is told
//
//	stored with the key, replayed byte for byte:
//	  201, 200 of a refund     done
//	  402 payment-declined     all was undone
//	  409 out-of-stock,        likewise
//	      hold-expired,
//	      cancelled            likewise, by the sweeper
//	  404 of a product         inventory knew it no more when it was to be held
//	not stored, the same key tries again:
//	  400, 401, 403, 429       this request did nothing
//	  404, other than above    likewise: a product without a price, an order to refund
//	  409 wrong-state          likewise: an order that cannot be refunded
//	  503                      this request did nothing, or all was undone
//	about another request with this key:
//	  409 key-in-flight        it has no answer yet
//	  422 key-mismatch         it was not the same as this, or there were too many attempts
//	not known:
//	  500, 502, 504            the sweeper finishes or undoes, and the same key tells:
//	                           409 key-in-flight until then, the answer later
//
// What the sweeper undoes for a handler that had begun to undo it ends as the handler
// meant it to: with its answer, or with the key free.
//
// # What is bounded
//
//	users               10,000, fixed by the configuration
//	tokens verified     10,000, the least recently used goes
//	customers limited   10,000 buckets, likewise
//	sessions            16 of a user, the oldest goes; of each, the newest token is kept. All
//	                    tokens are sealed, so any other that comes was used before
//	sessions limited    10,000 buckets, the least recently used goes; a token that is not
//	                    sealed takes none, and is told to be no good
//	logins limited      16,384 buckets for all names: whether a name is a user's does not show.
//	                    A password is hashed for each attempt that is let through, and the
//	                    pool's class "hash" bounds how many of those wait
//	cached answers      2,048 products, 512 pages and the 100 that are first, and 256
//	                    products that are not there, likewise: none of these crowds
//	                    another out, and a cursor must name a product
//	loads of the cache  256 at once
//	lines of an order   shop.MaxLines; an export's page 1,000 orders
//	products asked for  200 of a request for stock or a quote, 8 at once while fan-out-limit is on
//	orders listed       the newest 1,000 of a customer, 100,000 of a tenant
//	orders, answers     kept for Retention and KeyTTL after their end
//	events              about 100,000
package gateway
