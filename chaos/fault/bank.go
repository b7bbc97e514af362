package fault

import (
	"math"
	"time"

	"brownout/internal/shop"
)

// A Bank is one whose orders can be spoilt, until stop is called: slow returns how long an order
// takes a worker, refuse an error for one that is not to be begun, lose whether the answer to one
// that was carried out is never sent. Any of them may be nil; they are called on its loop.
type Bank interface {
	Meddle(slow func(time.Duration) time.Duration, refuse func() error, lose func() bool) (stop func())
}

// A Capacity is how many workers there are, each of which does one thing at a time. Any
// goroutine may ask and set.
type Capacity interface {
	Workers() int
	SetWorkers(n int)
}

// bankSlow is a bank whose every order takes longer.
func bankSlow(h Host) Kind {
	return Kind{
		Name:    "bank.slow",
		Summary: "Makes a bank's orders take a worker for longer.",
		Missing: missing(h.Bank != nil, "orders of a bank"),
		Params: []Param{
			{Name: "factor", Help: "by how much longer", Type: Int, Default: "20", Min: "1", Max: "1000"},
			{Name: "extra", Help: "and how much longer still", Type: Duration, Default: "0s", Min: "0s", Max: "1m"},
		},
		Start: func(i *Injection) error {
			factor, extra := time.Duration(i.Int("factor")), i.Duration("extra")
			i.OnEnd(h.Bank.Meddle(func(d time.Duration) time.Duration {
				if !i.Hits() {
					return d
				}
				return min(d*factor+extra, time.Minute)
			}, nil, nil))
			return nil
		},
	}
}

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
			i.OnEnd(h.Bank.Meddle(nil, func() error {
				if i.HitsInRuns(burst) {
					return failure
				}
				return nil
			}, nil))
			return nil
		},
	}
}

// bankLostReply is a bank that does what it is told, and does not say so.
func bankLostReply(h Host) Kind {
	return Kind{
		Name:    "bank.lost-reply",
		Summary: "Has a bank carry orders out and never answer.",
		Missing: missing(h.Bank != nil, "orders of a bank"),
		Start: func(i *Injection) error {
			i.OnEnd(h.Bank.Meddle(nil, nil, i.Hits))
			return nil
		},
	}
}

// capacityCut takes workers away; each is a hit.
func capacityCut(h Host) Kind {
	return Kind{
		Name:    "capacity.cut",
		Summary: "Takes workers of a bank or of inventory away.",
		Missing: missing(h.Capacity != nil, "workers whose number can be set"),
		Params: []Param{
			{Name: "share", Help: "the share of workers that is taken", Type: Ratio, Default: "0.8", Min: "0.01", Max: "1"},
		},
		Start: func(i *Injection) error {
			was := h.Capacity.Workers()
			taken := min(max(int(math.Round(float64(was)*i.Ratio("share"))), 1), was)
			for range taken {
				i.Hit()
			}
			h.Capacity.SetWorkers(was - taken)
			i.OnEnd(func() { h.Capacity.SetWorkers(was) })
			return nil
		},
	}
}
