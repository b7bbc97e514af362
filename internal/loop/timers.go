package loop

import (
	"math"
	"time"
)

// minDelay is the shortest a timer waits: as in Node, 0 means 1 ms.
const minDelay = time.Millisecond

// A timer is a callback that is due at an instant of the loop's clock.
type timer struct {
	label *label
	fn    func() // nil once cleared
	due   int64  // nanoseconds of the loop's clock
	// order breaks ties between timers due at the same instant, and is what a
	// timer is known by: twice the count of timers set so far, plus 1 if this one
	// does not keep the loop alive.
	order uint64
}

func (t *timer) keepsAlive() bool { return t.order&1 == 0 }

// A timerList is a FIFO ring of the timers of one duration. As the clock never
// goes back, the order in which they were set is the order in which they are
// due. A cleared timer leaves a hole, which goes when it is the first, or when the
// ring is full and half of it is holes. A timer is known by its order; its position
// is where it is found, unless holes have gone before it.
type timerList struct {
	timers   *timers
	duration time.Duration
	ring     []timer // its length is a power of two
	head     uint    // position of the first timer, never a hole
	tail     uint    // position after the last timer
	set      uint    // timers between the two that are no holes
	heapAt   int     // place in the heap, while not empty
}

func (list *timerList) empty() bool { return list.head == list.tail }

func (list *timerList) at(i uint) *timer { return &list.ring[i&uint(len(list.ring)-1)] }

func (list *timerList) first() *timer { return list.at(list.head) }

// find returns the timer of an order that was set at a position, and where it is
// now; nil if it is not set any more.
func (list *timerList) find(order uint64, at uint) (*timer, uint) {
	if list.empty() {
		return nil, 0
	}
	if at-list.head >= list.tail-list.head || list.at(at).order|1 != order|1 {
		at = list.search(order)
	}
	if t := list.at(at); t.order|1 == order|1 && t.fn != nil {
		return t, at
	}
	return nil, 0
}

// search returns the position of the last timer whose order is not above the given
// one, or the first position.
func (list *timerList) search(order uint64) uint {
	low, high := list.head, list.tail
	for high-low > 1 {
		if middle := low + (high-low)/2; list.at(middle).order|1 <= order|1 {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

func (list *timerList) push(t timer) {
	if list.tail-list.head == uint(len(list.ring)) {
		list.makeRoom()
	}
	*list.at(list.tail) = t
	list.tail++
	list.set++
}

// makeRoom leaves out the holes, and doubles the ring if they are less than half.
func (list *timerList) makeRoom() {
	size := max(4, len(list.ring))
	if list.set > uint(size)/2 {
		size *= 2
	}
	fresh := timerList{ring: make([]timer, size), tail: list.head}
	for i := list.head; i != list.tail; i++ {
		if t := list.at(i); t.fn != nil {
			*fresh.at(fresh.tail) = *t
			fresh.tail++
		}
	}
	list.ring, list.tail = fresh.ring, fresh.tail
}

// advance takes the first timer off, and the holes behind it.
func (list *timerList) advance() {
	for {
		list.first().fn = nil
		list.head++
		if list.empty() || list.first().fn != nil {
			return
		}
	}
}

// timers keeps all timers of a loop: lists by duration, as in Node, and a heap
// of the lists by their first timer. Most programs use few durations, so the
// heap is tiny, and setting, clearing and firing touch memory in order. Timers
// fire in the order in which they are due, and of setting when that is the same.
type timers struct {
	heap  timerHeap
	lists map[time.Duration]*timerList
	last  *timerList   // the list found last
	spare []*timerList // empty, of no duration
	order uint64
	set   int // timers set
	refs  int // those of them that keep the loop alive
}

func newTimers() timers {
	return timers{lists: map[time.Duration]*timerList{}, last: &timerList{duration: -1}}
}

// add sets a timer d after now.
func (ts *timers) add(label *label, fn func(), d time.Duration, now int64) Timer {
	d = max(d, minDelay)
	list := ts.last
	if list.duration != d {
		list = ts.find(d)
	}
	return ts.push(list, label, fn, now+min(int64(d), math.MaxInt64-now))
}

// push sets a timer as the last of a list.
func (ts *timers) push(list *timerList, label *label, fn func(), due int64) Timer {
	if fn == nil {
		panic("loop: a timer without a callback")
	}
	if ts.set == maxQueued {
		panic("loop: the timers have reached their limit of 16,777,216")
	}
	ts.order += 2
	ts.set++
	ts.refs++
	list.push(timer{label, fn, due, ts.order})
	if list.set == 1 {
		ts.heap.push(list)
	}
	return Timer{list: list, at: list.tail - 1, order: ts.order}
}

func (ts *timers) find(d time.Duration) *timerList {
	list, ok := ts.lists[d]
	if !ok {
		list = ts.newList()
		list.duration = d
		ts.lists[d] = list
	}
	ts.last = list
	return list
}

// newList reuses an empty list, if there are many.
func (ts *timers) newList() *timerList {
	if len(ts.spare) == 0 && len(ts.lists) >= 2*len(ts.heap)+64 {
		ts.reclaim()
	}
	n := len(ts.spare)
	if n == 0 {
		// Rings of one size lie a power of two apart. Starting each on a cache
		// line further spares lists that grow side by side from evicting each
		// other: setting a timer of a thousand durations took twice as long.
		start := uint(2 * len(ts.lists))
		return &timerList{timers: ts, head: start, tail: start}
	}
	list := ts.spare[n-1]
	ts.spare = ts.spare[:n-1]
	return list
}

// reclaim takes the empty lists away from their durations.
func (ts *timers) reclaim() {
	for d, list := range ts.lists {
		if list.empty() {
			delete(ts.lists, d)
			ts.spare = append(ts.spare, list)
		}
	}
}

// clear takes back a timer, if it is still set.
func (ts *timers) clear(h Timer) bool {
	t, at := h.list.find(h.order, h.at)
	if t == nil {
		return false
	}
	ts.forget(h.list, t)
	if at == h.list.head {
		ts.advance(h.list)
	} else {
		t.fn = nil
	}
	return true
}

// unref lets the loop end while a timer is set.
func (ts *timers) unref(h Timer) {
	if t, _ := h.list.find(h.order, h.at); t != nil && t.keepsAlive() {
		t.order |= 1
		ts.refs--
	}
}

func (ts *timers) forget(list *timerList, t *timer) {
	ts.set--
	list.set--
	if t.keepsAlive() {
		ts.refs--
	}
}

// advance moves a list to its next timer, and the heap with it.
func (ts *timers) advance(list *timerList) {
	list.advance()
	if list.empty() {
		ts.heap.remove(list)
	} else {
		ts.heap.fix(list)
	}
}

// next is when the earliest timer is due.
func (ts *timers) next() (due int64, ok bool) {
	if len(ts.heap) == 0 {
		return 0, false
	}
	return ts.heap[0].due, true
}

// popDue takes the earliest timer, if it is due at now.
func (ts *timers) popDue(now int64) (t timer, ok bool) {
	if len(ts.heap) == 0 || ts.heap[0].due > now {
		return timer{}, false
	}
	list := ts.heap[0].list
	t = *list.first()
	ts.forget(list, &t)
	ts.advance(list)
	return t, true
}
