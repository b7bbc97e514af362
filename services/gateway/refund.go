package gateway

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// refundOrder answers POST /v1/orders/{id}/refund.
func (s *sagas) refundOrder(t *loop.Task, r *service.Request, who Identity) (service.Response, error) {
	_, claim, err := s.claim(r, who)
	if err != nil {
		return service.Response{}, err
	}
	record, err := s.visible(t, r, who)
	if err != nil {
		return service.Response{}, err
	}
	claimed, record, err := s.store.BeginRefund(t, record.Order.ID, claim, time.Now().Add(s.lease))
	switch {
	case errors.Is(err, ErrOrderState):
		return service.Response{}, &shop.Error{Code: shop.CodeState, Message: "only a confirmed order can be refunded"}
	case errors.Is(err, ErrNoOrder):
		return service.Response{}, noOrder()
	case err != nil:
		return service.Response{}, err
	case claimed.Standing != Vacant:
		return replay(claimed)
	}
	return s.pursue(record).giveBack(t)
}

// giveBack refunds an order that is refunding. What never reached payments leaves it
// confirmed; anything else goes on until it is refunded.
func (p *pursuit) giveBack(t *loop.Task) (service.Response, error) {
	if err := p.repay(t); isUntouched(err) {
		return p.revert(t, err)
	} else if err != nil {
		return service.Response{}, unknown(err)
	}
	v, err := p.atAnyRate(t, func() (Verdict, error) { return p.takeBack(t) })
	return p.answer(v, nil, err)
}

func (p *pursuit) revert(t *loop.Task, cause error) (service.Response, error) {
	v, err := p.atAnyRate(t, func() (Verdict, error) {
		v := Verdict{Release: true}
		return v, p.store.Finish(t, p.order.ID, p.fence, Ending{Status: shop.OrderConfirmed, Verdict: v})
	})
	return p.answer(v, cause, err)
}
