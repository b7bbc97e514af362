package fault

import "math"

// heapChurn is garbage: the collector runs more often, and takes the processor from what
// else there is to do.
func heapChurn(Host) Kind {
	return Kind{
		Name:    "heap.churn",
		Summary: "Allocates memory and forgets it at once: garbage.",
		Params: []Param{
			{Name: "rate", Help: "bytes a second", Type: Bytes, Default: "200MiB", Min: "1KiB", Max: "8GiB"},
			objectParam(),
		},
		Start: func(i *Injection) error {
			go churnHeap(i)
			return nil
		},
	}
}

func churnHeap(i *Injection) {
	var kept leaked // so that the last one is on the heap
	size := i.Bytes("object")
	i.drip(i.Bytes("rate"), math.MaxInt64, func(n int64) {
		for ; n > 0 && !i.Stopped(); n -= size {
			kept.data = filled(min(n, size))
		}
	})
	kept.forget()
}
