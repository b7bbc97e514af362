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
	// order breaks ties between timers due at the same instant: it is twice
	// the count of timers set before, plus 1 if it does not keep the loop alive.
	order uint64
}

func (t *timer) keepsAlive() bool { return t.order&1 == 0 }

// A timerList is a FIFO ring of the timers of one duration. As the clock never
// goes back, the order in which they were set is the order in which they are
// due. Positions count up for ever, so a position is the identity of a timer,
// and whoever holds one of the past holds nothing. A cleared timer leaves a hole,
// which goes as soon as it is the first.
type timerList struct {
	duration time.Duration
	ring     []timer // its length is a power of two
	head     uint    // position of the first timer, never a hole
	tail     uint    // position after the last timer
	latest   int64   // when the last one set is due
	heapAt   int     // place in the heap, while not empty
}

func (list *timerList) empty() bool { return list.head == list.tail }

func (list *timerList) at(i uint) *timer { return &list.ring[i&uint(len(list.ring)-1)] }

func (list *timerList) first() *timer { return list.at(list.head) }

// holds says whether a position is that of a timer which is still set.
func (list *timerList) holds(at uint) bool {
	return at-list.head < list.tail-list.head && list.at(at).fn != nil
}

func (list *timerList) push(t timer) {
	if list.tail-list.head == uint(len(list.ring)) {
		list.grow()
	}
	*list.at(list.tail) = t
	list.tail++
}

func (list *timerList) grow() {
	if len(list.ring) == maxQueued {
		panic("loop: a queue of timers has reached its limit of 16,777,216")
	}
	bigger := timerList{ring: make([]timer, max(4, 2*len(list.ring)))}
	for i := list.head; i != list.tail; i++ {
		*bigger.at(i) = *list.at(i)
	}
	list.ring = bigger.ring
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

// add sets a timer d after now, and returns its list and position.
func (ts *timers) add(label *label, fn func(), d time.Duration, now int64) (*timerList, uint) {
	if fn == nil {
		panic("loop: a timer without a callback")
	}
	d = max(d, minDelay)
	list := ts.last
	if list.duration != d {
		list = ts.find(d)
	}
	ts.order += 2
	ts.set++
	ts.refs++
	// An interval counts from a moment ago, and queues up nevertheless.
	list.latest = max(list.latest, now+min(int64(d), math.MaxInt64-now))
	list.push(timer{label, fn, list.latest, ts.order})
	if list.tail-list.head == 1 {
		ts.heap.push(list)
	}
	return list, list.tail - 1
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
		return &timerList{head: start, tail: start}
	}
	list := ts.spare[n-1]
	list.latest = 0
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
func (ts *timers) clear(list *timerList, at uint) bool {
	if !list.holds(at) {
		return false
	}
	t := list.at(at)
	ts.forget(t)
	if at == list.head {
		ts.advance(list)
	} else {
		t.fn = nil
	}
	return true
}

// unref lets the loop end while a timer is set.
func (ts *timers) unref(list *timerList, at uint) {
	if list.holds(at) && list.at(at).keepsAlive() {
		list.at(at).order |= 1
		ts.refs--
	}
}

func (ts *timers) forget(t *timer) {
	ts.set--
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
	ts.forget(&t)
	ts.advance(list)
	return t, true
}
