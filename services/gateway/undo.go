package gateway

import (
	"fmt"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

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
