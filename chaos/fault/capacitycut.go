package fault

import "math"

// A Capacity is how many workers there are, each of which does one thing at a time. Any
// goroutine may ask and set.
type Capacity interface {
	Workers() int
	SetWorkers(n int)
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
