// Package payments moves money: it authorises, captures, voids and refunds payments
// at banks, and keeps the books.
//
// # A payment's way
//
//	              ┌─ declined
//	authorising ──┴─ authorised ──┬─ capturing ── captured ── refunding ── refunded
//	                              └─ voiding ──── voided
//
// An operation is three steps: a change of the store that claims the idempotency key
// and moves the payment to its -ing status; the instruction to the bank; and a
// change that enters the outcome, which is the payment's new status, the ledger entry,
// the balances, the event, and the answer stored with the key, all together. Between
// them anything may happen. So the first change takes a lease and a fencing token: until the
// lease has run out the payment belongs to the task that took it, and an
// outcome that comes with an old token is refused.
//
// The outcome of an instruction is one of five. Done; declined (authorisations only);
// refused, as the charge's state at the bank does not allow it; nothing, when
// the bank has certainly done nothing, after which the payment is what it was and the
// key is free; and unknown, after which the payment stays on its way and the key pending.
// The resolver takes up what is overdue, and so does the client's next request with the
// same key. They tell the bank again, in the way that its adapter knows to
// be harmless.
//
// An authorisation of which the first bank has certainly done nothing goes to the
// next one. The payment remembers which bank it is at.
//
// A void always wins: of a payment that does not exist it makes one that is voided
// and never can be authorised; of one that is being authorised it makes a mark,
// and the payment is voided as soon as the bank's answer is known.
//
// # Idempotency
//
// After the IETF's draft-ietf-httpapi-idempotency-key-header. A key is scoped by the
// customer. What is stored with it is a definite answer: success, a decline, or that
// the payment's state does not allow it and never will. An answer that says that
// something is under way, or that nothing was done, is not stored.
// With another key, what has been reached already is answered with the payment as it is.
//
// While the protection is off, keys are ignored, and what only the payment's state
// would stop goes to the bank once more, under a key that the bank has never seen.
//
// # Accounts
//
// The sides of an entry sum to nothing. A proof reads the ledger as it grows, and counts entries of
// which that is not so. The chart is bounded by the number of banks and tenants:
//
//	authorised:BANK       money that the bank has set aside for the shop
//	customers-authorised  whose money that is, as one sum
//	bank:BANK             money that the bank owes the shop
//	revenue:TENANT        what the tenant has earned (negative: earnings are credits)
//
//	authorised   authorised:BANK +a   customers-authorised -a
//	voided       authorised:BANK -a   customers-authorised +a
//	captured     authorised:BANK -a   customers-authorised +a   bank:BANK +a   revenue:TENANT -a
//	refunded     bank:BANK -a         revenue:TENANT +a
package payments
