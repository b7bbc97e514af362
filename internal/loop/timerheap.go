package loop

// A timerHeap is a binary heap of the lists that are not empty, each with the
// key of its first timer beside it, so that a comparison stays in the heap.
type timerHeap []timerKey

type timerKey struct {
	due   int64
	order uint64
	list  *timerList
}

func keyOf(list *timerList) timerKey {
	t := list.first()
	return timerKey{t.due, t.order, list}
}

func (k *timerKey) before(o *timerKey) bool {
	return k.due < o.due || k.due == o.due && k.order < o.order
}

func (h *timerHeap) push(list *timerList) {
	*h = append(*h, timerKey{})
	h.up(len(*h)-1, keyOf(list))
}

func (h *timerHeap) remove(list *timerList) {
	at, end := list.heapAt, len(*h)-1
	moved := (*h)[end]
	(*h)[end] = timerKey{}
	*h = (*h)[:end]
	if at == end {
		return
	}
	if at > 0 && moved.before(&(*h)[(at-1)/2]) {
		h.up(at, moved)
	} else {
		h.down(at, moved)
	}
}

// fix moves a list whose first timer has become a later one.
func (h timerHeap) fix(list *timerList) { h.down(list.heapAt, keyOf(list)) }

// up puts a key in at a place or above it.
func (h timerHeap) up(at int, k timerKey) {
	for at > 0 {
		parent := (at - 1) / 2
		if !k.before(&h[parent]) {
			break
		}
		h.put(at, h[parent])
		at = parent
	}
	h.put(at, k)
}

// down puts a key in at a place or below it.
func (h timerHeap) down(at int, k timerKey) {
	for {
		child := 2*at + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(&h[child]) {
			child++
		}
		if !h[child].before(&k) {
			break
		}
		h.put(at, h[child])
		at = child
	}
	h.put(at, k)
}

func (h timerHeap) put(at int, k timerKey) {
	h[at] = k
	k.list.heapAt = at
}
