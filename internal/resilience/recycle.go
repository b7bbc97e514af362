package resilience

import "time"

// RecycleConfig says when a process holds so much more than its work needs that it had
// better be replaced.
type RecycleConfig struct {
	// Heap is how many bytes may live on the heap beyond what work holds, and Goroutines
	// how many there may be beyond those of work; 0 means any number.
	Heap       uint64
	Goroutines int
	// For is how long it must have been so; 0 means 3 s.
	For time.Duration
	// Every is the least time between two processes' ends; 0 means a minute. Last is
	// when the process before this one was recycled, if it was.
	Every time.Duration
	Last  time.Time
}

// A Recycler finds out when to replace the process. One goroutine uses it.
type Recycler struct {
	guard
	config           RecycleConfig
	since            time.Time // when there began to be too much; zero while there is not
	heap, goroutines *refusal
}

// NewRecycle makes a recycler.
func NewRecycle(r *Registry, target string, c RecycleConfig) *Recycler {
	if c.For <= 0 {
		c.For = 3 * time.Second
	}
	if c.Every <= 0 {
		c.Every = time.Minute
	}
	x := &Recycler{guard: newGuard(r, Recycle, target), config: c}
	x.heap, x.goroutines = x.refusal("heap"), x.refusal("goroutines")
	return x
}

// Suspects says whether so many bytes beyond what work holds are too much, so that it is
// worth a closer look before Due is told of them.
func (x *Recycler) Suspects(heap uint64) bool {
	return x.on() && x.config.Heap > 0 && heap > x.config.Heap
}

// Due takes what the process holds beyond its work, and says why it is to be replaced, nil
// if it is not: for a while, every look at it has found too much.
func (x *Recycler) Due(now time.Time, heap uint64, goroutines int) error {
	why := x.excess(heap, goroutines)
	if why == nil || !x.on() {
		x.since = time.Time{}
		return nil
	}
	if x.since.IsZero() {
		x.since = now
	}
	if now.Sub(x.since) < x.config.For || now.Sub(x.config.Last) < x.config.Every {
		return nil
	}
	return why.reject()
}

// excess is what there is too much of, nil for nothing.
func (x *Recycler) excess(heap uint64, goroutines int) *refusal {
	switch c := x.config; {
	case c.Heap > 0 && heap > c.Heap:
		return x.heap
	case c.Goroutines > 0 && goroutines > c.Goroutines:
		return x.goroutines
	}
	return nil
}
