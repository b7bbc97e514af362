package fault

import (
	"time"

	"brownout/internal/shop"
)

// bankError is a bank that refuses orders before it begins them.
func bankError(h Host) Kind {
	return Kind{
		Name:    "bank.error",
		Summary: "Has a bank refuse orders with an error; nothing is done for them.",
		Missing: missing(h.Bank != nil, "orders of a bank"),
		Params: []Param{
			{
				Name: "burst", Help: "how many errors come in a row; with a toxicity, as many good answers as it asks for are between two rows",
				Type: Int, Default: "1", Min: "1", Max: "10000",
			},
		},
		Start: func(i *Injection) error {
			burst, failure := i.Int("burst"), &shop.Error{Code: shop.CodeUnavailable, Message: "a fault was injected", RetryAfter: time.Second}
			i.OnEnd(h.Bank.Meddle(i.spec.Fault, nil, func() error {
				if i.HitsInRuns(burst) {
					return failure
				}
				return nil
			}, nil))
			return nil
		},
	}
}
