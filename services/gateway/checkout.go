package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// maxAttempts bounds the attempts that are looked at for one that is free.
const maxAttempts = 16

// checkout answers POST /v1/checkout.
func (s *sagas) checkout(t *loop.Task, r *service.Request, who Identity) (service.Response, error) {
	reference, claim, err := s.claim(r, who)
	if err != nil {
		return service.Response{}, err
	}
	q, err := decodeCheckout(r.Body)
	if err != nil {
		return service.Response{}, err
	}
	total, err := s.price(t, q.Lines)
	if err != nil {
		return s.unpriced(t, claim, err)
	}
	p, claimed, err := s.begin(t, claim, newOrder(reference, who, q.Lines, total))
	if err != nil {
		return service.Response{}, err
	}
	if claimed.Standing != Vacant {
		return replay(claimed)
	}
	return p.buy(t, r, q.Card)
}

// newOrder returns an order that has no id yet.
func newOrder(reference shop.Reference, who Identity, lines []shop.Line, total shop.Amount) shop.Order {
	return shop.Order{
		Reference: reference,
		Customer:  who.Customer,
		Tenant:    who.Tenant,
		Status:    shop.OrderPending,
		Lines:     lines,
		Total:     total,
		Currency:  shop.Currency,
		Created:   time.Now().UTC().Truncate(time.Millisecond),
	}
}

func decodeCheckout(body []byte) (shop.CheckoutRequest, error) {
	q, err := service.Decode[shop.CheckoutRequest](body)
	if err != nil {
		return q, err
	}
	if len(q.Lines) < 1 || len(q.Lines) > shop.MaxLines {
		return q, shop.Invalid("/lines", fmt.Sprintf("must have from 1 to %d lines", shop.MaxLines))
	}
	for i, line := range q.Lines {
		if err := checkLine(fmt.Sprintf("/lines/%d", i), line, q.Lines[:i]); err != nil {
			return q, err
		}
	}
	return q, shop.CheckName("/card", q.Card)
}

func checkLine(pointer string, line shop.Line, before []shop.Line) error {
	if err := shop.CheckName(pointer+"/product", line.Product); err != nil {
		return err
	}
	if slices.ContainsFunc(before, func(other shop.Line) bool { return other.Product == line.Product }) {
		return shop.Invalid(pointer+"/product", "is in an earlier line already")
	}
	return line.Quantity.Check(pointer + "/quantity")
}

// price adds up what the lines cost.
func (s *sagas) price(t *loop.Task, lines []shop.Line) (total shop.Amount, err error) {
	for i, line := range lines {
		e, err := s.catalogue.lookUp(t, line.Product)
		if err != nil {
			return 0, unavailable(err)
		}
		if e.missing {
			return 0, noProduct(fmt.Sprintf("/lines/%d/product", i))
		}
		total += e.product.Price * shop.Amount(line.Quantity)
	}
	return total, total.Check("/lines")
}

// unpriced answers a checkout whose price is not known: as before, if it was answered
// before.
func (s *sagas) unpriced(t *loop.Task, c Claim, cause error) (service.Response, error) {
	if c.Key == "" {
		return service.Response{}, cause
	}
	claimed, err := s.store.Find(t, c)
	switch {
	case err != nil:
		return service.Response{}, err
	case claimed.Standing == Vacant || claimed.Standing == Retaken:
		return service.Response{}, cause
	}
	return replay(claimed)
}

// begin records a new order, unless its key is taken. An order's id is a digest of its
// key, so the next attempt after one that was undone needs a number in it.
func (s *sagas) begin(t *loop.Task, c Claim, o shop.Order) (*pursuit, Claimed, error) {
	for attempt, tries := 0, 0; tries < maxAttempts; tries++ {
		o.ID = o.Reference.OrderID(s.salt(c, attempt))
		claimed, err := s.store.Begin(t, Draft{Order: o, Claim: c, Attempt: attempt, Lease: time.Now().Add(s.lease)})
		if err != nil || claimed.Standing != Retaken {
			return &pursuit{sagas: s, order: o, step: StepHold, since: time.Now(), fence: 1, undone: Verdict{Release: true}}, claimed, err
		}
		attempt = claimed.Attempt
	}
	return nil, Claimed{}, keyError(shop.CodeKeyMismatch, "too many attempts were made with this key")
}

func (s *sagas) salt(c Claim, attempt int) string {
	switch {
	case c.Key == "":
		return "any:" + strconv.FormatUint(s.runtime.Random.Uint64(), 36)
	case attempt == 0:
		return ""
	}
	return strconv.Itoa(attempt)
}

// A setback is why a checkout does not go on as it should.
type setback struct {
	// undo names what may have been done; StepNone: nothing was. StepCapture and
	// StepCommit: the money may be ours, and so the order must first be resolved.
	undo Step
	err  error
	// final says that the error is the answer, and will be when asked again.
	final bool
}

// buy goes the way of a checkout, in its four steps.
func (p *pursuit) buy(t *loop.Task, r *service.Request, card string) (service.Response, error) {
	for _, step := range []func() *setback{
		func() *setback { return p.hold(t) },
		func() *setback { return p.authorise(t, card) },
		func() *setback { return p.capture(t) },
	} {
		if b := step(); b != nil {
			return p.giveUp(t, r, b)
		}
	}
	v, err := p.atAnyRate(t, func() (Verdict, error) { return p.complete(t) })
	return p.answer(v, nil, err)
}

func (p *pursuit) hold(t *loop.Task) *setback {
	hold, err := p.inventory.Hold(t, shop.HoldRequest{ID: p.order.ID, Reference: p.order.Reference, Lines: p.order.Lines})
	switch code := shop.CodeOf(err); {
	case err == nil && hold.Status == shop.Held:
		return nil
	case code == shop.CodeNotFound:
		return &setback{undo: StepNone, err: err, final: true}
	case code == shop.CodeOutOfStock: // but an attempt that was thought lost may come when there is some
		return &setback{undo: StepRelease, err: err, final: true}
	case isUntouched(err):
		return &setback{undo: StepNone, err: err}
	}
	return &setback{undo: StepRelease, err: orStatus(err, "hold", hold.Status)}
}

func (p *pursuit) authorise(t *loop.Task, card string) *setback {
	if err := p.advance(t, shop.OrderPending, StepAuthorise); err != nil {
		return &setback{undo: StepRelease, err: err}
	}
	pay, err := p.payments.Authorise(t, p.order.Customer, shop.PaymentRequest{
		ID:        p.order.ID,
		Reference: p.order.Reference,
		Tenant:    p.order.Tenant,
		Amount:    p.order.Total,
		Currency:  p.order.Currency,
		Card:      card,
	})
	switch {
	case err == nil && pay.Status == shop.Authorised:
		return nil
	case shop.CodeOf(err) == shop.CodeDeclined:
		return &setback{undo: StepRelease, err: err, final: true}
	case isUntouched(err):
		return &setback{undo: StepRelease, err: err}
	}
	return &setback{undo: StepVoid, err: orStatus(err, "payment", pay.Status)}
}

func (p *pursuit) capture(t *loop.Task) *setback {
	if err := p.advance(t, shop.OrderPending, StepCapture); err != nil {
		return &setback{undo: StepVoid, err: err}
	}
	pay, err := p.payments.Capture(t, p.order.Customer, p.order.ID)
	switch {
	case err == nil && pay.Status == shop.Captured:
		return nil
	case isUntouched(err):
		return &setback{undo: StepVoid, err: err}
	}
	return &setback{undo: StepCapture, err: orStatus(err, "payment", pay.Status)}
}

// orStatus returns err, or, where there was none, the error of a status that is not
// what was asked for.
func orStatus[S ~string](err error, what string, status S) error {
	if err == nil {
		err = fmt.Errorf("gateway: the %s is %s", what, status)
	}
	return err
}

// giveUp undoes what was done so far, or finds out that it need not be.
func (p *pursuit) giveUp(t *loop.Task, r *service.Request, b *setback) (service.Response, error) {
	if errors.Is(b.err, ErrFenced) {
		return service.Response{}, unknown(b.err)
	}
	if b.final {
		p.undone = told(b.err, r.Trace.ID())
	}
	v, err := p.atAnyRate(t, func() (Verdict, error) {
		switch b.undo {
		case StepNone:
			return p.undone, p.finish(t, shop.OrderCancelled, p.undone)
		case StepCapture:
			return p.resolve(t)
		}
		return p.cancel(t, b.undo)
	})
	return p.answer(v, b.err, err)
}

// answer makes the response of how the request ended, or of not knowing how. cause is
// why it did not end well.
func (p *pursuit) answer(v Verdict, cause, err error) (service.Response, error) {
	switch {
	case err != nil:
		return service.Response{}, unknown(errors.Join(cause, err))
	case v.Release:
		return service.Response{}, unavailable(cause)
	}
	return responseOf(v.Answer), nil
}
