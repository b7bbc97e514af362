package payments

import (
	"net/http"

	"brownout/internal/shop"
)

// An Operation is what a payment is sent to a bank for.
type Operation string

// The operations.
const (
	Authorise Operation = "authorise"
	Capture   Operation = "capture"
	Void      Operation = "void"
	Refund    Operation = "refund"
)

// A passage is the way of a payment through an operation.
type passage struct {
	from, during, done shop.PaymentStatus
	charge             shop.ChargeStatus // what the bank's charge becomes
	entry              shop.EntryKind
}

// passage returns the operation's.
func (o Operation) passage() passage {
	switch o {
	case Authorise:
		return passage{"", shop.Authorising, shop.Authorised, shop.ChargeAuthorised, shop.EntryAuthorised}
	case Capture:
		return passage{shop.Authorised, shop.Capturing, shop.Captured, shop.ChargeCaptured, shop.EntryCaptured}
	case Void:
		return passage{shop.Authorised, shop.Voiding, shop.Voided, shop.ChargeVoided, shop.EntryVoided}
	case Refund:
		return passage{shop.Captured, shop.Refunding, shop.Refunded, shop.ChargeRefunded, shop.EntryRefunded}
	}
	panic("payments: no operation " + string(o))
}

// Charge returns what a bank's charge is after the operation.
func (o Operation) Charge() shop.ChargeStatus { return o.passage().charge }

// status is that of the answer when it was done.
func (o Operation) status() int {
	if o == Authorise {
		return http.StatusCreated
	}
	return http.StatusOK
}

// operations returns all, in the order of a payment's life.
func operations() []Operation { return []Operation{Authorise, Capture, Void, Refund} }

// operationDuring returns the operation that is under way in a status, if one is.
func operationDuring(status shop.PaymentStatus) (Operation, bool) {
	for _, o := range operations() {
		if o.passage().during == status {
			return o, true
		}
	}
	return "", false
}
