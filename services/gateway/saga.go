package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// sagas is what orders are seen through with.
type sagas struct {
	store       OrderStore
	inventory   Inventory
	payments    Payments
	catalogue   *Catalogue
	idempotency *resilience.Switch
	sweeping    *resilience.Switch
	fanning     *resilience.Switch // bounds fan
	fan         *resilience.FanOut
	runtime     *service.Runtime
	metrics     *sagaMetrics
	lease, undo time.Duration
}

func newSagas(rt *service.Runtime, c Config) *sagas {
	return &sagas{
		store:       c.Store,
		inventory:   c.Inventory,
		payments:    c.Payments,
		catalogue:   c.Catalogue,
		idempotency: rt.Protections.Switch(resilience.Idempotency),
		sweeping:    rt.Protections.Switch(resilience.Sweeper),
		fanning:     rt.Protections.Switch(resilience.FanOutLimit),
		fan:         resilience.NewFanOut(rt.Protections, "sweeper", sweepAtOnce),
		runtime:     rt,
		metrics:     newSagaMetrics(rt.Metrics),
		lease:       c.Lease,
		undo:        c.Undo,
	}
}

// errUnsettled says that another service does not know yet either.
var errUnsettled = errors.New("gateway: what became of the payment is not known yet")

// A pursuit is one order in the hands of whoever sees it through: the handler of the
// request, or the sweeper.
type pursuit struct {
	*sagas
	order shop.Order
	step  Step
	since time.Time // at the step
	fence int64
	// undone is how the request ends if all of it is undone.
	undone Verdict
}

// settle brings the order to an end, from whatever step it is at, and returns how the
// request ended. After an error it is where it was, and may be settled again.
func (p *pursuit) settle(t *loop.Task) (Verdict, error) {
	switch p.step {
	case StepHold:
		return p.cancel(t, StepRelease)
	case StepAuthorise:
		return p.cancel(t, StepVoid)
	case StepCapture:
		return p.resolve(t)
	case StepCommit:
		return p.complete(t)
	case StepRefund:
		return p.refund(t)
	}
	return p.unwind(t)
}

// resolve finds out whether the money was captured, and goes on from there. A payment
// that can still be voided was not.
func (p *pursuit) resolve(t *loop.Task) (Verdict, error) {
	status, err := p.paymentStatus(t)
	if err == nil && (status == shop.Authorised || status == shop.Authorising) {
		status, err = p.void(t)
	}
	if err != nil {
		return Verdict{}, err
	}
	switch status {
	case shop.Captured:
		return p.complete(t)
	case shop.Voided, shop.Declined, shop.Refunded:
		return p.cancel(t, StepRelease)
	case paymentMissing:
		return p.cancel(t, StepVoid)
	}
	return Verdict{}, errUnsettled
}

// complete goes the rest of the way once the money was captured.
func (p *pursuit) complete(t *loop.Task) (Verdict, error) {
	if err := p.advance(t, shop.OrderPending, StepCommit); err != nil {
		return Verdict{}, err
	}
	hold, err := p.inventory.Commit(t, p.order.ID)
	switch {
	case err == nil && hold.Status == shop.Sold:
		return p.end(t, shop.OrderConfirmed, 201)
	case isGone(err):
		p.undone = told(&shop.Error{Code: shop.CodeHoldExpired, Message: "the stock is gone; the payment was given back", Err: err}, "")
		return p.cancel(t, StepRepay)
	}
	return Verdict{}, orStatus(err, "hold", hold.Status)
}

// isGone says that a hold will never be sold.
func isGone(err error) bool {
	switch shop.CodeOf(err) {
	case shop.CodeHoldExpired, shop.CodeCancelled, shop.CodeNotFound:
		return true
	}
	return false
}

// end ends the order well: the answer is the order.
func (p *pursuit) end(t *loop.Task, status shop.OrderStatus, code int) (Verdict, error) {
	o := p.order
	o.Status = status
	body, err := json.Marshal(o)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Answer: Answer{Status: code, Body: body}}
	return v, p.finish(t, status, v)
}

// cancel undoes what the step names.
func (p *pursuit) cancel(t *loop.Task, undo Step) (Verdict, error) {
	if err := p.advance(t, shop.OrderCancelling, undo); err != nil {
		return Verdict{}, err
	}
	return p.unwind(t)
}

// unwind undoes a cancelling order.
func (p *pursuit) unwind(t *loop.Task) (Verdict, error) {
	if err := p.undoPayment(t); err != nil {
		return Verdict{}, err
	}
	if err := p.release(t); err != nil {
		return Verdict{}, err
	}
	return p.undone, p.finish(t, shop.OrderCancelled, p.undone)
}

// undoPayment undoes as much as the step says of the payment.
func (p *pursuit) undoPayment(t *loop.Task) error {
	if p.step == StepVoid {
		status, err := p.void(t)
		switch {
		case err != nil:
			return err
		case status == shop.Captured:
			err = p.advance(t, shop.OrderCancelling, StepRepay)
		case !isOver(status):
			err = errUnsettled
		}
		if err != nil {
			return err
		}
	}
	if p.step == StepRepay {
		return p.repay(t)
	}
	return nil
}

// isOver says that a payment moved no money and never will.
func isOver(s shop.PaymentStatus) bool {
	return s == shop.Voided || s == shop.Declined || s == shop.Refunded
}

// void voids the payment, and returns what it is then.
func (p *pursuit) void(t *loop.Task) (shop.PaymentStatus, error) {
	pay, err := p.payments.Void(t, p.order.Customer, p.order.ID)
	switch {
	case err == nil && pay.Status == shop.Voided:
		return pay.Status, nil
	case err == nil || isRefusal(err):
		return p.paymentStatus(t) // cannot be voided, or not yet
	}
	return "", err
}

// repay gives back what was captured.
func (p *pursuit) repay(t *loop.Task) error {
	pay, err := p.payments.Refund(t, p.order.Customer, p.order.ID)
	if err == nil && pay.Status == shop.Refunded {
		return nil
	}
	if err != nil && !isRefusal(err) {
		return err
	}
	status, err := p.paymentStatus(t)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %v", errUnsettled, err) // that this call was not sent says nothing of the refund
	case !isOver(status):
		return errUnsettled
	}
	return nil
}

// paymentMissing stands for the status of a payment that payments does not know.
const paymentMissing shop.PaymentStatus = "missing"

func (p *pursuit) paymentStatus(t *loop.Task) (shop.PaymentStatus, error) {
	pay, err := p.payments.Payment(t, p.order.ID)
	if shop.CodeOf(err) == shop.CodeNotFound {
		return paymentMissing, nil
	}
	return pay.Status, err
}

// release gives the stock back. What was never held can then never be. What has been sold
// all the same, by a commit that came late, is returned: no money was kept for it.
func (p *pursuit) release(t *loop.Task) error {
	_, err := p.inventory.Release(t, p.order.ID)
	if shop.CodeOf(err) == shop.CodeState {
		_, err = p.inventory.Return(t, p.order.ID)
	}
	return err
}

// refund gives back the money, and then the goods, of a refunding order.
func (p *pursuit) refund(t *loop.Task) (Verdict, error) {
	if err := p.repay(t); err != nil {
		return Verdict{}, err
	}
	return p.takeBack(t)
}

// takeBack returns the goods of an order whose money was given back.
func (p *pursuit) takeBack(t *loop.Task) (Verdict, error) {
	if _, err := p.inventory.Return(t, p.order.ID); err != nil {
		return Verdict{}, err
	}
	return p.end(t, shop.OrderRefunded, 200)
}

// advance records the next step before it is taken.
func (p *pursuit) advance(t *loop.Task, status shop.OrderStatus, step Step) error {
	next := Progress{Status: status, Step: step, Lease: time.Now().Add(p.lease)}
	if status == shop.OrderCancelling {
		next.Verdict = p.undone
	}
	err := p.store.Advance(t, p.order.ID, p.fence, next)
	if err == nil {
		p.enter(step)
	}
	return err
}

// finish records the end, and publishes it.
func (p *pursuit) finish(t *loop.Task, status shop.OrderStatus, v Verdict) error {
	event, err := encodeEvent(p.order, status, time.Now())
	if err != nil {
		return err
	}
	err = p.store.Finish(t, p.order.ID, p.fence, Ending{Status: status, Verdict: v, Event: event})
	if err == nil {
		p.enter(StepNone)
		p.metrics.ended.WithLabelValues(string(status)).Inc()
	}
	return err
}

// enter begins a step that was recorded.
func (p *pursuit) enter(step Step) {
	now := time.Now()
	p.metrics.steps.WithLabelValues(string(p.step)).Observe(now.Sub(p.since).Seconds())
	p.step, p.since = step, now
}

// atAnyRate runs fn although the request may be over: what has moved must not be left
// half way while there is somebody who knows.
func (p *pursuit) atAnyRate(t *loop.Task, fn func() (Verdict, error)) (v Verdict, err error) {
	err = t.Shielded(func() error {
		return t.WithTimeout(p.undo, func() error {
			v, err = fn()
			return err
		})
	})
	return v, err
}

// told is the verdict that answers with an error.
func told(err error, traceID string) Verdict {
	answer := service.Problem(service.AsError(err), traceID)
	return Verdict{Answer: Answer{Status: answer.Status, Body: answer.Body}}
}

// isUntouched says of a call that it surely never arrived. An answer does not say as
// much: it may be that of a second attempt, after a first that was lost. Nor does a
// refusal to try again.
func isUntouched(err error) bool {
	if e, ok := errors.AsType[*service.CallError](err); ok {
		return !e.Sent
	}
	_, refused := errors.AsType[*resilience.Rejection](err)
	return refused
}

// isRefusal says that the other service said no, so that the state of things tells why.
func isRefusal(err error) bool {
	code := shop.CodeOf(err)
	return code != "" && service.Status(code) < 500
}

// unknown is what a client is told while nobody knows.
func unknown(err error) error {
	return &shop.Error{
		Code:       shop.CodeUnknown,
		Message:    "what became of this request is not known yet; ask again with the same key",
		RetryAfter: time.Second,
		Err:        err,
	}
}

// unavailable is what a client is told when nothing is left of the request.
func unavailable(err error) error {
	return &shop.Error{
		Code:       shop.CodeUnavailable,
		Message:    "this cannot be done now, and nothing was; try again with the same key",
		RetryAfter: max(service.AsError(err).RetryAfter, time.Second),
		Err:        err,
	}
}

func (p *pursuit) warn(message string, err error) {
	p.runtime.Log.Warn(message, slog.String("order", p.order.ID), slog.String("step", string(p.step)), slog.Any("error", err))
}
