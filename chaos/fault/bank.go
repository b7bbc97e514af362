package fault

import "time"

// A Bank is one whose orders can be spoilt by a fault of a name, until stop is called: slow returns how long an order
// takes a worker, refuse an error for one that is not to be begun, lose whether the answer to one
// that was carried out is never sent. Any of them may be nil; they are called on its loop.
type Bank interface {
	Meddle(fault string, slow func(time.Duration) time.Duration, refuse func() error, lose func() bool) (stop func())
}
