package bank

import (
	"net/http"
	"net/url"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// Asking is a bank that knows no idempotency keys. It is told nothing twice without
// being asked first what it has made of the first time; what is found is taken for
// that. It implements [payments.Bank], and belongs to its loop.
type Asking struct {
	name   string
	client *service.Client
}

// NewAsking makes the adapter to the bank that is the configuration's downstream. On
// the loop only.
func NewAsking(rt *service.Runtime, c service.ClientConfig) *Asking {
	return &Asking{name: c.Downstream, client: service.NewClient(rt, c)}
}

// Name implements payments.Bank.
func (b *Asking) Name() string { return b.name }

// Execute implements payments.Bank.
func (b *Asking) Execute(t *loop.Task, i payments.Instruction) (shop.Charge, error) {
	if i.Again {
		charge, found, err := b.find(t, i)
		if found || err != nil {
			return charge, err
		}
	}
	c, err := call(i)
	if err != nil {
		return shop.Charge{}, err
	}
	return send(t, b.client, c, i)
}

// find asks the bank whether the instruction was executed. That the bank refuses to
// say is no answer.
func (b *Asking) find(t *loop.Task, i payments.Instruction) (shop.Charge, bool, error) {
	list, err := service.Fetch[shop.ChargeList](t, b.client, &service.Call{
		Name: "find", Method: http.MethodGet, Repeatable: true, Finishes: true, // only this bank knows
		Path: "/v1/charges?reference=" + url.QueryEscape(string(i.Request.Reference)),
	})
	if err != nil {
		return shop.Charge{}, false, &shop.Error{Code: shop.CodeUnknown, Message: "the bank could not be asked", Err: err}
	}
	charge, found := match(list.Charges, i)
	return charge, found, nil
}

// match finds the charge that is as it would be after the instruction. One that was
// authorised has no id here yet; attempts at the same checkout share a reference, but
// those before have been undone, and of several the newest is meant.
func match(charges []shop.Charge, i payments.Instruction) (shop.Charge, bool) {
	for n := len(charges) - 1; n >= 0; n-- {
		if check(charges[n], i) == nil {
			return charges[n], true
		}
	}
	return shop.Charge{}, false
}
