package audit

import "brownout/internal/shop"

// checkOrders holds what the gateway says of its orders against payments and holds,
// and returns how many are in between.
func (v *view) checkOrders(i *Invariant) int {
	between := 0
	for _, order := range v.Orders {
		p, hold := v.payment[order.ID], v.hold[order.ID]
		if p == nil {
			p = &payment{}
		}
		if p.captures > 0 && (order.Total != p.amount || order.Reference != p.reference) {
			i.violate("order %s: is %v of %s, and %v of %s was captured", order.ID, order.Total, order.Reference, p.amount, p.reference)
		}
		between += v.checkOrder(i, order, p, hold)
	}
	if v.Orders != nil {
		i.count("orders", len(v.Orders))
	}
	return between
}

func (v *view) checkOrder(i *Invariant, order shop.Order, p *payment, hold shop.Hold) int {
	kept := p.kept() > 0
	right := false
	switch order.Status {
	case shop.OrderPending, shop.OrderCancelling, shop.OrderRefunding:
		return v.between(i, "order %s is %s", order.ID, order.Status)
	case shop.OrderConfirmed:
		right = kept && hold.Status == shop.Sold
	case shop.OrderRefunded:
		right = p.returned() && hold.Status == shop.Returned
	case shop.OrderCancelled:
		right = !kept && hold.Status != shop.Sold
	}
	if !right {
		i.violate("order %s is %q, %v of %v captured are refunded, and its stock is %s",
			order.ID, order.Status, p.refunded, p.captured, describe(hold))
	}
	return 0
}
