package payments

import (
	"time"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// An ending is what becomes of a payment, and of those who wait, once its bank has
// answered.
type ending struct {
	record *Record // as it is after change
	change Change
	own    *answered // to the request that began the operation
	cancel *answered // to the request that wants the payment voided; nil if it waits on
}

// answered is what a request is told.
type answered struct {
	response service.Response
	err      error // when the key is released: nothing was done
}

// conclude draws the conclusion from what the bank said about a record.
func (d *desk) conclude(r *Record, what outcome, charge shop.Charge, trace string, now time.Time) (*ending, error) {
	c := conclusion{desk: d, was: r, trace: trace, now: now}
	c.record = r.next()
	c.change = Change{Payment: r.Payment.ID, Base: r.Version, Record: c.record}
	c.do, _ = operationDuring(r.Payment.Status)
	switch what {
	case outcomeDone:
		c.done(charge)
	case outcomeDeclined:
		c.declined()
	case outcomeRefused:
		c.refused()
	case outcomeNothing:
		c.nothing()
	default:
		panic("payments: there is no conclusion from " + what.String())
	}
	return &c.ending, c.err
}

// A conclusion is an ending in the making.
type conclusion struct {
	ending
	desk  *desk
	was   *Record
	do    Operation
	trace string
	now   time.Time
	err   error
}

// done enters the operation into the books.
func (c *conclusion) done(charge shop.Charge) {
	n := c.record
	n.settle(c.do.passage().done)
	n.Charge = charge.ID
	c.change.Entry = entry(c.do, n.Payment, c.now)
	c.change.Event = event(n.Payment, c.now)
	if c.do == Authorise && c.was.Cancel {
		c.answerOwn(service.Problem(errCancelled(), c.trace))
		c.void()
		return
	}
	c.answerOwn(c.json(c.do.status(), n.Payment))
}

// void sends a payment that was authorised and is not wanted any more on its way back.
// It stays marked, for then there is no way but on.
func (c *conclusion) void() {
	n := c.record
	n.Payment.Status, n.From = shop.Voiding, shop.Authorised
	n.Key, n.Digest, n.Cancel = c.was.CancelKey, c.was.CancelDigest, true
	n.BankKey = bankKey(n.Payment.ID, Void)
	n.take(c.now.Add(c.desk.config.Lease))
}

// declined keeps the bank's no. For who wants the payment voided that is as good.
func (c *conclusion) declined() {
	c.record.settle(shop.Declined)
	c.change.Event = event(c.record.Payment, c.now)
	c.answerOwn(service.Problem(errDeclined(), c.trace))
	c.answerCancel(c.json(200, c.record.Payment))
}

// refused goes back to the status before.
func (c *conclusion) refused() {
	c.record.settle(c.was.From)
	e := &shop.Error{Code: shop.CodeState, Message: "the bank says that the charge is not in a state for this"}
	c.answerOwn(service.Problem(e, c.trace))
}

// nothing goes back to the status before and releases the key, so that it can be
// tried again; unless the payment was not wanted any more in the meantime.
func (c *conclusion) nothing() {
	if c.do == Authorise && c.was.Cancel {
		c.record.settle(shop.Voided)
		c.change.Event = event(c.record.Payment, c.now)
		c.answerOwn(service.Problem(errCancelled(), c.trace))
		c.answerCancel(c.json(200, c.record.Payment))
		return
	}
	c.record.settle(c.was.From)
	c.own = &answered{err: errNothingDone(nil)}
	c.key(c.was.Key, Claim{})
}

func (c *conclusion) answerOwn(r service.Response) {
	c.own = &answered{response: r}
	c.key(c.was.Key, Claim{Digest: c.was.Digest, Answer: answerOf(r)})
}

func (c *conclusion) answerCancel(r service.Response) {
	if c.was.Cancel {
		c.cancel = &answered{response: r}
		c.key(c.was.CancelKey, Claim{Digest: c.was.CancelDigest, Answer: answerOf(r)})
	}
}

func (c *conclusion) key(k Key, claim Claim) {
	if k != "" {
		c.change.Keys = append(c.change.Keys, KeyChange{Key: k, Claim: claim, Lasts: c.desk.config.KeyTTL})
	}
}

func (c *conclusion) json(status int, p shop.Payment) service.Response {
	r, err := service.JSON(status, p)
	if err != nil {
		c.err = err
	}
	return r
}

// errNothingDone says that no bank has done anything. It is the bank that is away: whoever can do
// without banks, or needs the other one, is served here.
func errNothingDone(cause error) error {
	return &shop.Error{
		Code: shop.CodeDependency, Message: "the bank is not available; nothing was done", RetryAfter: time.Second, Err: cause,
	}
}
