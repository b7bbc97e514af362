package fault

import "runtime/debug"

// heapLeak is memory that is kept for ever: in small objects that point at each other, so
// that the collector has to look at all of them each time.
func heapLeak(Host) Kind {
	return Kind{
		Name:    "heap.leak",
		Summary: "Allocates memory and keeps it.",
		Params: []Param{
			{Name: "rate", Help: "bytes a second", Type: Bytes, Default: "10MiB", Min: "1KiB", Max: "1GiB"},
			{Name: "bound", Help: "how much is kept at most", Type: Bytes, Default: "256MiB", Min: "1KiB", Max: "2GiB"},
			objectParam(),
		},
		Start: func(i *Injection) error {
			go leakHeap(i)
			return nil
		},
	}
}

// A leaked is an object that is kept, with those before it.
type leaked struct {
	before *leaked
	data   []byte
}

// leakHeap leaks until the injection ends, and gives all back to the system then.
func leakHeap(i *Injection) {
	var last *leaked
	size := i.Bytes("object")
	i.drip(i.Bytes("rate"), i.Bytes("bound"), func(n int64) {
		for ; n > 0 && !i.Stopped(); n -= size {
			last = &leaked{last, filled(min(n, size))}
		}
	})
	<-i.done
	last.forget()
	debug.FreeOSMemory()
}

// forget is what makes the leak one: something that may still look at it. A chain whose
// last is forgotten is garbage.
func (l *leaked) forget() {
	if l != nil {
		l.before, l.data = nil, nil
	}
}

// filled returns bytes that are in memory, and not merely promised.
func filled(size int64) []byte {
	const page = 4096
	b := make([]byte, size)
	for n := 0; n < len(b); n += page {
		b[n] = 1
	}
	return b
}

// objectParam is the size of what is allocated.
func objectParam() Param {
	return Param{Name: "object", Help: "the size of each object", Type: Bytes, Default: "1KiB", Min: "64B", Max: "16MiB"}
}
