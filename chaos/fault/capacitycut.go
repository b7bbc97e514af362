package fault

import (
	"math"
	"sync"
)

// A Capacity is how many workers there are, each of which does one thing at a time. Any
// goroutine may ask and set.
type Capacity interface {
	Workers() int
	SetWorkers(n int)
}

// capacityCut takes workers away; each is a hit.
func capacityCut(h Host) Kind {
	all := &roster{capacity: h.Capacity}
	return Kind{
		Name:    "capacity.cut",
		Summary: "Takes workers of a bank or of inventory away.",
		Missing: missing(h.Capacity != nil, "workers whose number can be set"),
		Params: []Param{
			{Name: "share", Help: "the share of workers that is taken", Type: Ratio, Default: "0.8", Min: "0.01", Max: "1"},
		},
		Start: func(i *Injection) error {
			taken := all.take(i.Ratio("share"))
			for range taken {
				i.Hit()
			}
			i.OnEnd(func() { all.giveBack(taken) })
			return nil
		},
	}
}

// A roster is workers of whom several cuts may take some, and give them back in any order: so each
// gives back as many as it has taken, and none what it has found.
type roster struct {
	mu       sync.Mutex // over what is asked and then set
	capacity Capacity
}

// take takes a share of the workers that there are, one at least if there is any, and returns how
// many that were.
func (r *roster) take(share float64) (taken int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	there := r.capacity.Workers()
	taken = min(max(int(math.Round(float64(there)*share)), 1), there)
	r.capacity.SetWorkers(there - taken)
	return taken
}

func (r *roster) giveBack(taken int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.capacity.SetWorkers(r.capacity.Workers() + taken)
}
