package upstream

import (
	"cmp"
	"net/url"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// Payments moves the money behind a client.
type Payments struct{ client *service.Client }

// NewPayments makes an adapter, with a client of its own; its Downstream is
// "payments" unless it has one. On the loop only.
func NewPayments(rt *service.Runtime, c service.ClientConfig) *Payments {
	if c.Downstream == "" {
		c.Downstream = "payments"
	}
	if c.Slow.Above <= 0 {
		c.Slow.Above = slowPayments * cmp.Or(c.Timeout, service.DefaultTimeout) / 100
	}
	return &Payments{service.NewClient(rt, c)}
}

// slowPayments is how much of its timeout a call may take, in percent, before payments counts
// as slow. Payments waits for banks, and leaves a slow one by itself; if the gateway were as
// quick to leave payments, each look at whether the bank is quick again would cut off the
// other bank as well.
const slowPayments = 90

// Authorise sets money aside. For this and the other methods, see gateway.Payments.
func (p *Payments) Authorise(t *loop.Task, customer string, q shop.PaymentRequest) (shop.Payment, error) {
	call, err := post("authorise", "/v1/payments", q, onBehalf(customer, key(q.ID, "authorise"))...)
	if err != nil {
		return shop.Payment{}, err
	}
	return service.Fetch[shop.Payment](t, p.client, call)
}

// Capture takes the money that was set aside.
func (p *Payments) Capture(t *loop.Task, customer, payment string) (shop.Payment, error) {
	return p.change(t, "capture", customer, payment)
}

// Void lets go of the money that was set aside.
func (p *Payments) Void(t *loop.Task, customer, payment string) (shop.Payment, error) {
	return p.change(t, "void", customer, payment)
}

// Refund gives the money back.
func (p *Payments) Refund(t *loop.Task, customer, payment string) (shop.Payment, error) {
	return p.change(t, "refund", customer, payment)
}

// Payment returns a payment. Who undoes one must know what has become of it.
func (p *Payments) Payment(t *loop.Task, id string) (shop.Payment, error) {
	call := get("payment", "/v1/payments/"+url.PathEscape(id))
	call.Finishes = true
	return service.Fetch[shop.Payment](t, p.client, call)
}

func (p *Payments) change(t *loop.Task, what, customer, payment string) (shop.Payment, error) {
	path := "/v1/payments/" + url.PathEscape(payment) + "/" + what
	call, err := post(what, path, nil, onBehalf(customer, key(payment, what))...)
	if err != nil {
		return shop.Payment{}, err
	}
	call.Finishes = true
	return service.Fetch[shop.Payment](t, p.client, call)
}

// key is the idempotency key of an operation on a payment: each is done once.
func key(payment, operation string) string { return payment + "." + operation }
