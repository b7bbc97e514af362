package payments

import (
	"time"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// A wish is what a client wants done with a payment.
type wish struct {
	do      Operation
	payment string
	key     Key    // "" while keys are ignored
	digest  string // of the request
	trace   string
	request shop.PaymentRequest // to authorise
}

// A plan is what to do about a wish.
type plan struct {
	change *Change          // to be committed first; nil for none
	reply  service.Response // the answer, unless there is more to do:
	work   *Record          // the payment to be sent to its bank, as committed
	again  bool             // it may have been sent before
	wait   bool             // someone else works on it, and will see to the wish
}

// A stance is how a payment's status stands to an operation.
type stance int

const (
	stanceBegin     stance = iota // the operation can begin
	stanceReached                 // what it would do has been done, or need not be
	stanceBusy                    // another operation is under way
	stanceMissing                 // there is no such payment
	stanceDeclined                // the bank has said no
	stanceCancelled               // the payment is voided, for good
	stanceWrong                   // it cannot be done any more
	stanceBury                    // the payment is voided before it exists
	stanceMark                    // it is to be voided as soon as its bank has answered
)

// stanceOf is the table of what can be done when.
func stanceOf(o Operation, status shop.PaymentStatus) stance {
	switch o {
	case Authorise:
		return stanceToAuthorise(status)
	case Capture:
		return stanceToCapture(status)
	case Void:
		return stanceToVoid(status)
	}
	return stanceToRefund(status)
}

func stanceToAuthorise(status shop.PaymentStatus) stance {
	switch status {
	case "":
		return stanceBegin
	case shop.Authorising, shop.Voiding:
		return stanceBusy
	case shop.Declined:
		return stanceDeclined
	case shop.Voided:
		return stanceCancelled
	}
	return stanceReached
}

func stanceToCapture(status shop.PaymentStatus) stance {
	switch status {
	case "":
		return stanceMissing
	case shop.Authorised:
		return stanceBegin
	case shop.Authorising, shop.Capturing, shop.Voiding, shop.Refunding:
		return stanceBusy
	case shop.Captured:
		return stanceReached
	case shop.Voided:
		return stanceCancelled
	}
	return stanceWrong
}

func stanceToVoid(status shop.PaymentStatus) stance {
	switch status {
	case "":
		return stanceBury
	case shop.Authorising:
		return stanceMark
	case shop.Authorised:
		return stanceBegin
	case shop.Voided, shop.Declined:
		return stanceReached
	case shop.Capturing, shop.Voiding, shop.Refunding:
		return stanceBusy
	}
	return stanceWrong
}

func stanceToRefund(status shop.PaymentStatus) stance {
	switch status {
	case "":
		return stanceMissing
	case shop.Captured:
		return stanceBegin
	case shop.Authorising, shop.Capturing, shop.Voiding, shop.Refunding:
		return stanceBusy
	case shop.Refunded:
		return stanceReached
	case shop.Voided:
		return stanceCancelled
	}
	return stanceWrong
}

// unguarded lets through what only the payment's state would stop: the same once
// more. It is the stance while idempotency is off.
func (s stance) unguarded(o Operation, status shop.PaymentStatus) stance {
	same := status == o.passage().done || status == o.passage().during
	if o != Void && same {
		return stanceBegin
	}
	return s
}

// decide makes a plan from what the store knew a moment ago. An error is the
// answer when nothing is to be stored.
func (d *desk) decide(seen Snapshot, w wish, now time.Time) (plan, error) {
	if w.key != "" && seen.Claim.Digest != "" {
		if p, known, err := d.resume(seen, w, now); known || err != nil {
			return p, err
		}
	}
	return d.start(seen, w, now)
}

// resume answers a request whose key was used. It does not know keys that nothing
// waits for: they were left behind while idempotency was off.
func (d *desk) resume(seen Snapshot, w wish, now time.Time) (plan, bool, error) {
	r := seen.Record
	switch {
	case seen.Claim.Digest != w.digest:
		return plan{}, false, errMismatch()
	case !seen.Claim.Answer.IsZero():
		return plan{reply: seen.Claim.Answer.replay()}, true, nil
	case !r.UnderWay() || w.key != r.Key && w.key != r.CancelKey:
		return plan{}, false, nil
	case r.leased(now):
		return plan{}, false, errInFlight()
	}
	return d.takeOver(r, now), true, nil
}

// takeOver goes on with an operation whose lease has run out.
func (d *desk) takeOver(r Record, now time.Time) plan {
	n := r.next()
	n.take(now.Add(d.config.Lease))
	return plan{change: &Change{Payment: r.Payment.ID, Base: r.Version, Record: n}, work: n, again: true}
}

// start does what the payment's status allows.
func (d *desk) start(seen Snapshot, w wish, now time.Time) (plan, error) {
	r := seen.Record
	stands := stanceOf(w.do, r.Payment.Status)
	if !d.idempotency.On() {
		stands = stands.unguarded(w.do, r.Payment.Status)
	}
	if w.do == Authorise && stands != stanceCancelled && isOther(r.Payment, r.Card, w.request) {
		stands = stanceWrong
	}
	switch stands {
	case stanceBegin:
		return d.begin(seen, w, now), nil
	case stanceMark:
		return d.mark(seen, w, now)
	case stanceBury:
		return d.bury(seen, w, now)
	case stanceReached:
		return d.reached(seen, w)
	case stanceMissing:
		return plan{}, errMissing()
	case stanceBusy:
		return plan{}, errBusy(r.Payment.Status)
	}
	return d.refuse(seen, w, stands), nil
}

// isOther says that a payment exists and is not the one that is asked for.
func isOther(p shop.Payment, card string, q shop.PaymentRequest) bool {
	if p.Status == "" {
		return false
	}
	return q != shop.PaymentRequest{
		ID: p.ID, Reference: p.Reference, Tenant: p.Tenant, Amount: p.Amount, Currency: p.Currency, Card: card,
	}
}

// begin sends the payment on its way.
func (d *desk) begin(seen Snapshot, w wish, now time.Time) plan {
	from := seen.Record.Payment.Status
	if seen.Record.UnderWay() {
		from = seen.Record.From
	}
	n := seen.Record.next()
	n.settle(w.do.passage().during)
	if w.do == Authorise {
		q := w.request
		n.Payment = shop.Payment{
			ID: q.ID, Reference: q.Reference, Tenant: q.Tenant, Status: shop.Authorising,
			Amount: q.Amount, Currency: q.Currency, Bank: d.config.Banks[0].Name(),
		}
		n.Card, n.Charge = q.Card, ""
	}
	n.From, n.Key, n.Digest, n.BankKey = from, w.key, w.digest, d.bankKey(w)
	n.take(now.Add(d.config.Lease))
	return plan{change: d.change(seen, w, n, Answer{}), work: n}
}

// mark notes that a payment on its way is to be voided. If nobody works on it any
// more, whoever commits the mark does.
func (d *desk) mark(seen Snapshot, w wish, now time.Time) (plan, error) {
	r := seen.Record
	if r.Cancel && w.key != "" {
		return plan{}, errBusy(shop.Voiding)
	}
	n := r.next()
	n.Cancel, n.CancelKey, n.CancelDigest = true, w.key, w.digest
	p := plan{change: d.change(seen, w, n, Answer{}), wait: true}
	if !r.leased(now) {
		n.take(now.Add(d.config.Lease))
		p.wait, p.work, p.again = false, n, true
	}
	return p, nil
}

// bury voids a payment that does not exist, so that it never will.
func (d *desk) bury(seen Snapshot, w wish, now time.Time) (plan, error) {
	n := seen.Record.next()
	n.Payment = shop.Payment{ID: w.payment, Currency: shop.Currency}
	n.settle(shop.Voided)
	n.Charge = ""
	reply, err := service.JSON(200, n.Payment)
	if err != nil {
		return plan{}, err
	}
	c := d.change(seen, w, n, answerOf(reply))
	c.Event = event(n.Payment, now)
	return plan{change: c, reply: reply}, nil
}

// reached answers with the payment as it is.
func (d *desk) reached(seen Snapshot, w wish) (plan, error) {
	reply, err := service.JSON(200, seen.Record.Payment)
	if err != nil {
		return plan{}, err
	}
	return d.final(seen, w, reply), nil
}

// refuse answers that it cannot be done, now and for ever.
func (d *desk) refuse(seen Snapshot, w wish, s stance) plan {
	e := &shop.Error{Code: shop.CodeState, Message: "the payment is " + string(seen.Record.Payment.Status)}
	switch {
	case s == stanceDeclined:
		e = errDeclined()
	case s == stanceCancelled:
		e = errCancelled()
	case w.do == Authorise:
		e.Message = "this id belongs to another payment"
	}
	return d.final(seen, w, service.Problem(e, w.trace))
}

// final is an answer that is stored with its key and changes nothing else.
func (d *desk) final(seen Snapshot, w wish, reply service.Response) plan {
	p := plan{reply: reply}
	if w.key != "" {
		p.change = d.change(seen, w, nil, answerOf(reply))
	}
	return p
}

// change makes the change that goes with a wish: the payment becomes r, if it is not
// nil, and the key is claimed, with the answer if there is one already.
func (d *desk) change(seen Snapshot, w wish, r *Record, a Answer) *Change {
	c := &Change{Payment: w.payment, Base: seen.Record.Version, Record: r}
	if w.key != "" {
		c.Keys = []KeyChange{{
			Key: w.key, Fresh: seen.Claim.Digest == "", Claim: Claim{Digest: w.digest, Answer: a}, Lasts: d.config.KeyTTL,
		}}
	}
	return c
}

// event tells of the payment's status.
func event(p shop.Payment, now time.Time) *shop.PaymentEvent {
	return &shop.PaymentEvent{Time: now, Payment: p.ID, Status: p.Status}
}

// errBusy refuses for the moment; it is not stored, for it will be otherwise soon.
func errBusy(status shop.PaymentStatus) error {
	return &shop.Error{Code: shop.CodeState, Message: "the payment is " + string(status), RetryAfter: time.Second}
}

func errMissing() error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such payment"}
}

func errDeclined() *shop.Error {
	return &shop.Error{Code: shop.CodeDeclined, Message: "the bank declined"}
}

func errCancelled() *shop.Error {
	return &shop.Error{Code: shop.CodeCancelled, Message: "the payment is voided"}
}
