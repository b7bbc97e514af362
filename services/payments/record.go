package payments

import (
	"time"

	"brownout/internal/shop"
)

// A Record is a payment as it is stored.
type Record struct {
	// Payment is what callers see. A payment whose Status is empty is none: its
	// authorisation was begun and came to nothing.
	Payment shop.Payment `json:"payment"`
	// Card pays.
	Card string `json:"card,omitempty"`
	// Charge is the charge's id at the bank, once it is known.
	Charge string `json:"charge,omitempty"`
	// Version counts the changes, from 1. It never goes back, so that no old
	// change can be taken for one of now.
	Version int64 `json:"version"`

	// What follows is about the operation under way, if the status says that one is.

	// From is the status to go back to if nothing is done.
	From shop.PaymentStatus `json:"from,omitempty"`
	// Fence is the fencing token: the version at which the lease was last taken.
	// Whoever comes with another has lost the lease.
	Fence int64 `json:"fence,omitempty"`
	// Lease is until when the operation belongs to whoever has the token.
	Lease time.Time `json:"lease,omitzero"`
	// Key is the one that waits for the answer, "" for none.
	Key Key `json:"key,omitempty"`
	// Digest is that of the request with this key.
	Digest string `json:"digest,omitempty"`
	// BankKey is the idempotency key of the instruction to the bank.
	BankKey string `json:"bank_key,omitempty"`
	// Cancel says that the payment is to be voided as soon as it is known whether
	// it was authorised; CancelKey and CancelDigest are of the request that wants it.
	Cancel       bool   `json:"cancel,omitempty"`
	CancelKey    Key    `json:"cancel_key,omitempty"`
	CancelDigest string `json:"cancel_digest,omitempty"`
}

// UnderWay says that the payment is on its way to a bank.
func (r *Record) UnderWay() bool {
	_, ok := operationDuring(r.Payment.Status)
	return ok
}

// leased says that someone works on the operation under way.
func (r *Record) leased(now time.Time) bool { return now.Before(r.Lease) }

// next returns a copy to be changed, of the next version.
func (r *Record) next() *Record {
	n := *r
	n.Version++
	return &n
}

// take gives the lease to whoever commits this record.
func (r *Record) take(until time.Time) {
	r.Fence = r.Version
	r.Lease = until
}

// settle ends the operation under way.
func (r *Record) settle(status shop.PaymentStatus) {
	*r = Record{Payment: r.Payment, Card: r.Card, Charge: r.Charge, Version: r.Version}
	r.Payment.Status = status
}
