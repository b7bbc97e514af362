package gateway

import (
	"brownout/internal/loop"
	"brownout/internal/shop"
)

// Inventory is the stock, as the gateway needs it. Every method may be repeated.
//
// The errors of Inventory and Payments are those of service.Fetch: a *shop.Error of
// the other service's, or what kept the call from being answered.
type Inventory interface {
	Products(t *loop.Task, cursor string, limit int) (shop.ProductPage, error)
	Product(t *loop.Task, id string) (shop.Product, error)
	Hold(t *loop.Task, h shop.HoldRequest) (shop.Hold, error)
	Commit(t *loop.Task, hold string) (shop.Hold, error)
	Release(t *loop.Task, hold string) (shop.Hold, error)
	Return(t *loop.Task, hold string) (shop.Hold, error)
}

// Payments moves the money. Every method may be repeated: each operation on a payment
// has one idempotency key.
type Payments interface {
	Authorise(t *loop.Task, customer string, p shop.PaymentRequest) (shop.Payment, error)
	Capture(t *loop.Task, customer, payment string) (shop.Payment, error)
	Void(t *loop.Task, customer, payment string) (shop.Payment, error)
	Refund(t *loop.Task, customer, payment string) (shop.Payment, error)
	Payment(t *loop.Task, id string) (shop.Payment, error)
}
