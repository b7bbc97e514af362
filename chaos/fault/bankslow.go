package fault

import "time"

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
			i.OnEnd(h.Bank.Meddle(i.spec.Fault, func(d time.Duration) time.Duration {
				if !i.Hits() {
					return d
				}
				return min(d*factor+extra, time.Minute)
			}, nil, nil))
			return nil
		},
	}
}
