package bank

import (
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// Keyed is a bank that knows idempotency keys: sending an instruction again, with the
// key it had, does nothing new and brings the first answer. It implements
// [payments.Bank], and belongs to its loop.
type Keyed struct {
	name    string
	client  *service.Client
	witness *witness
}

// NewKeyed makes the adapter to the bank that is the configuration's downstream. On
// the loop only.
func NewKeyed(rt *service.Runtime, c service.ClientConfig) *Keyed {
	w := newWitness(c.Transport)
	c.Transport = w
	return &Keyed{name: c.Downstream, client: service.NewClient(rt, c), witness: w}
}

// Name implements payments.Bank.
func (b *Keyed) Name() string { return b.name }

// Execute implements payments.Bank.
func (b *Keyed) Execute(t *loop.Task, i payments.Instruction) (shop.Charge, error) {
	c, err := call(i)
	if err != nil {
		return shop.Charge{}, err
	}
	c.Header = []service.Field{{Name: shop.HeaderIdempotencyKey, Value: i.Key}}
	c.Repeatable = true
	defer b.witness.forget(t)
	charge, err := send(t, b.client, c, i)
	return charge, b.witness.testify(t, b.name, c, err)
}
