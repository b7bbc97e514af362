package payments

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A Store keeps payments, idempotency keys, the ledger with its balances, and
// events. Its methods are called by tasks of the service's loop and wait. What they
// take and return is not shared with the store.
//
// All that belongs together is changed together: the payment, the answer stored
// with its key, the ledger entry and the balances it moves are one Change, which is
// made as a whole or not at all.
type Store interface {
	// Load reads a payment, and what is known of a key, as of one moment. With
	// the empty key it reads the payment only. What is not there is zero.
	Load(t *loop.Task, payment string, key Key) (Snapshot, error)
	// Commit makes a change. It fails with ErrMoved, and does nothing, when the
	// payment is no longer of the version that the change is based on, or a key
	// that it claims is taken. An error of another kind may mean that the change
	// has been made: committing it again then fails with ErrMoved.
	Commit(t *loop.Task, c Change) error
	// Due lists payments on their way to a bank whose lease ended at now or
	// earlier, at most so many, those that are overdue longest first.
	Due(t *loop.Task, now time.Time, most int) ([]string, error)
	// Ledger lists the entries after a number, the oldest first.
	Ledger(t *loop.Task, after int64, most int) ([]shop.LedgerEntry, error)
	// Balances lists all accounts, by name.
	Balances(t *loop.Task) ([]shop.Leg, error)
	// Events lists the events after a number, the oldest first. Their ids are
	// their numbers, in decimal. The oldest of more than MaxEvents may be gone.
	Events(t *loop.Task, after int64, most int) ([]shop.PaymentEvent, error)
}

// ErrMoved refuses a change whose base is not what it was.
var ErrMoved = errors.New("payments: changed by someone else in the meantime")

// MaxEvents is how many events a store keeps at least; the ledger is kept whole.
const MaxEvents = 100_000

// A Snapshot is what a store knew at one moment.
type Snapshot struct {
	Record Record // Version 0 if there is no such payment
	Claim  Claim  // Digest "" if the key is free
}

// A Change is what a store does at once.
type Change struct {
	// Payment is the payment's id.
	Payment string
	// Base is the version that the payment must have; 0 if it must not exist.
	Base int64
	// Record is what the payment becomes; its Version is above Base. Nil leaves
	// the payment as it is.
	Record *Record
	// Keys are those that are claimed, answered and released.
	Keys []KeyChange
	// Entry goes to the end of the ledger and moves the balances; its Seq is
	// set by the store. Nil for none.
	Entry *shop.LedgerEntry
	// Event goes to the end of the events; its ID is set by the store. Nil for none.
	Event *shop.PaymentEvent
}

// A KeyChange is what becomes of one idempotency key.
type KeyChange struct {
	Key Key
	// Fresh says that the key must be free.
	Fresh bool
	// Claim is what is known of the key from now on; the zero Claim frees it.
	Claim Claim
	// Lasts is how long it is known.
	Lasts time.Duration
}
