package loop

import (
	"math"
	"time"
)

// minDelay is the shortest a timer waits: as in Node, 0 means 1 ms.
const minDelay = time.Millisecond

// A timer is a callback that is due at an instant of the loop's clock. It is
// linked into the list of its duration while it waits.
type timer struct {
	next, prev *timer
	list       *timerList // the list of its duration, set or not
	label      *label
	fn         func()
	due        int64  // nanoseconds of the loop's clock
	seq        uint64 // order among timers due at the same instant
	gen        uint32 // counts the lives of this struct; a handle of an earlier life is void
	set        bool   // linked into its list
	repeat     bool
	unref      bool // does not keep the loop alive
}

// A timerList holds the timers of one duration. As the clock never goes back,
// the order in which they were set is the order in which they are due.
type timerList struct {
	duration    time.Duration
	first, last *timer
	heapAt      int // place in the heap, -1 when empty
}

// timers keeps all timers of a loop: lists by duration, as in Node, and a heap
// of the lists by their first timer. Most programs use few durations, so the
// heap is tiny and setting, clearing and firing touch little memory. Ties are
// broken by the order of setting, so timers fire in order of (due, seq).
type timers struct {
	heap  timerHeap
	lists map[time.Duration]*timerList
	last  *timerList // the list found last
	free  *timer     // linked by next
	seq   uint64
	live  int // timers set
	refs  int // those of them that keep the loop alive
	made  int // timers that exist, live or free
}

func newTimers() timers {
	return timers{lists: map[time.Duration]*timerList{}, last: &timerList{duration: -1}}
}

// add sets a timer d after now.
func (ts *timers) add(label *label, fn func(), d time.Duration, now int64) *timer {
	t := ts.take()
	t.label, t.fn = label, fn
	ts.arm(t, d, now)
	return t
}

// arm links a timer that is not set.
func (ts *timers) arm(t *timer, d time.Duration, now int64) {
	d = max(d, minDelay)
	t.due = now + int64(min(d, time.Duration(math.MaxInt64-now)))
	ts.seq++
	t.seq = ts.seq
	ts.live++
	if !t.unref {
		ts.refs++
	}
	list := ts.last
	if list.duration != d {
		list = ts.find(d)
	}
	if list.push(t); list.first == t {
		ts.heap.push(list)
	}
}

func (ts *timers) find(d time.Duration) *timerList {
	list, ok := ts.lists[d]
	if !ok {
		ts.forgetEmpty()
		list = &timerList{duration: d, heapAt: -1}
		ts.lists[d] = list
	}
	ts.last = list
	return list
}

// forgetEmpty drops the empty lists once they are most of what there is.
func (ts *timers) forgetEmpty() {
	if len(ts.lists) < 2*len(ts.heap)+64 {
		return
	}
	for d, list := range ts.lists {
		if list.first == nil {
			delete(ts.lists, d)
		}
	}
}

// disarm unlinks a timer that is set.
func (ts *timers) disarm(t *timer) {
	list := t.list
	wasFirst := list.first == t
	list.remove(t)
	ts.live--
	if !t.unref {
		ts.refs--
	}
	switch {
	case list.first == nil:
		ts.heap.remove(list)
	case wasFirst:
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

// popDue disarms and returns the earliest timer if it is due at now.
func (ts *timers) popDue(now int64) *timer {
	if len(ts.heap) == 0 || ts.heap[0].due > now {
		return nil
	}
	t := ts.heap[0].list.first
	ts.disarm(t)
	return t
}

// take makes a timer or reuses one.
func (ts *timers) take() *timer {
	if ts.free == nil {
		ts.grow()
	}
	t := ts.free
	ts.free = t.next
	t.next = nil
	return t
}

func (ts *timers) grow() {
	slab := make([]timer, min(max(16, ts.made), 1024))
	for i := range slab[1:] {
		slab[i].next = &slab[i+1]
	}
	ts.free = &slab[0]
	ts.made += len(slab)
}

// release ends the life of a timer that is not set.
func (ts *timers) release(t *timer) {
	t.gen++
	t.fn, t.repeat, t.unref = nil, false, false
	if ts.live == 0 && ts.made > 4096 { // give the memory of a burst back
		ts.free, ts.made = nil, 0
		return
	}
	t.next = ts.free
	ts.free = t
}

func (list *timerList) push(t *timer) {
	t.list, t.prev, t.set = list, list.last, true
	if list.last == nil {
		list.first = t
	} else {
		list.last.next = t
	}
	list.last = t
}

func (list *timerList) remove(t *timer) {
	if t.prev == nil {
		list.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		list.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.next, t.prev, t.set = nil, nil, false
}

// A timerHeap is a binary heap of the lists that are not empty, each with the
// key of its first timer beside it, so that a comparison stays in the heap.
type timerHeap []timerKey

type timerKey struct {
	due  int64
	seq  uint64
	list *timerList
}

func keyOf(list *timerList) timerKey {
	return timerKey{list.first.due, list.first.seq, list}
}

func (k *timerKey) less(o *timerKey) bool {
	return k.due < o.due || k.due == o.due && k.seq < o.seq
}

func (h *timerHeap) push(list *timerList) {
	*h = append(*h, keyOf(list))
	list.heapAt = len(*h) - 1
	h.up(list.heapAt)
}

func (h *timerHeap) remove(list *timerList) {
	at, end := list.heapAt, len(*h)-1
	h.swap(at, end)
	(*h)[end] = timerKey{}
	*h = (*h)[:end]
	list.heapAt = -1
	if at < end && !h.down(at) {
		h.up(at)
	}
}

// fix moves a list whose first timer has changed to a later one.
func (h timerHeap) fix(list *timerList) {
	h[list.heapAt] = keyOf(list)
	h.down(list.heapAt)
}

func (h timerHeap) up(at int) {
	for at > 0 {
		parent := (at - 1) / 2
		if !h[at].less(&h[parent]) {
			return
		}
		h.swap(at, parent)
		at = parent
	}
}

// down says whether it moved anything.
func (h timerHeap) down(at int) (moved bool) {
	for {
		child := 2*at + 1
		if child >= len(h) {
			return moved
		}
		if child+1 < len(h) && h[child+1].less(&h[child]) {
			child++
		}
		if !h[child].less(&h[at]) {
			return moved
		}
		h.swap(at, child)
		at, moved = child, true
	}
}

func (h timerHeap) swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].list.heapAt, h[b].list.heapAt = a, b
}
