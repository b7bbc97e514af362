package gateway

import (
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
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
	now := time.Now()
	sent := telemetry.FromContext(t.Context()).Send(eventTopic(), now)
	event, err := encodeEvent(p.order, status, now, sent.Link())
	if err != nil {
		return err
	}
	err = p.store.Finish(t, p.order.ID, p.fence, Ending{Status: status, Verdict: v, Event: event})
	sent.End(time.Now(), telemetry.Result{Err: err})
	if err == nil {
		p.enter(StepNone)
		p.metrics.ended.WithLabelValues(string(status)).Inc()
	}
	return err
}

// enter begins a step that was recorded.
func (p *pursuit) enter(step Step) {
	now := time.Now()
	p.metrics.steps.Of(string(p.step)).Observe(now.Sub(p.since))
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

func (p *pursuit) warn(message string, err error) {
	p.runtime.Log.Warn(message, slog.String("order", p.order.ID), slog.String("step", string(p.step)), slog.Any("error", err))
}
