package resilience

import "slices"

// Turns is a line in which work waits for a place that all of it shares. While priority is
// on, the most important of what waits is next; but every eighth turn is that of the oldest,
// whatever it is, so that however much is important, nothing waits for ever. While the
// protection is off, it is always the oldest. It belongs to its loop.
type Turns[T comparable] struct {
	guard
	lines  [importances][]waiter[T] // of each, the first is next
	joined uint64                   // how much has joined so far
	len    int                      // how much waits
	given  int                      // turns, since the oldest had one for its age
}

// A waiter is what waits, and how much had joined before it.
type waiter[T comparable] struct {
	value T
	place uint64
}

// turnOfOldest is how often the turn is that of the oldest.
const turnOfOldest = 8

// NewTurns makes an empty line before a target.
func NewTurns[T comparable](r *Registry, target string) *Turns[T] {
	return &Turns[T]{guard: newGuard(r, Priority, target)}
}

// Len returns how much waits.
func (q *Turns[T]) Len() int { return q.len }

// Join puts work at the end of the line. It takes an unknown importance for Normal.
func (q *Turns[T]) Join(i Importance, v T) {
	i = i.known()
	q.lines[i] = append(q.lines[i], waiter[T]{v, q.joined})
	q.joined++
	q.len++
}

// Leave takes work out of the line that no longer wants its turn. It is false if the turn
// has come already.
func (q *Turns[T]) Leave(v T) bool {
	for i := range q.lines {
		at := slices.IndexFunc(q.lines[i], func(w waiter[T]) bool { return w.value == v })
		if at >= 0 {
			q.lines[i] = slices.Delete(q.lines[i], at, at+1)
			q.len--
			return true
		}
	}
	return false
}

// Next takes out of the line, which is not empty, what has its turn. A turn before
// something older is counted as an admission.
func (q *Turns[T]) Next() T {
	oldest := q.oldest()
	if !q.on() {
		return q.take(oldest)
	}
	if q.given++; q.given == turnOfOldest {
		q.given = 0
		return q.take(oldest)
	}
	first := q.mostImportant()
	if first != oldest {
		q.admitted.Inc()
	}
	return q.take(first)
}

// oldest is the importance of what has waited longest.
func (q *Turns[T]) oldest() Importance {
	oldest := q.mostImportant()
	for i, line := range q.lines {
		if len(line) > 0 && line[0].place < q.lines[oldest][0].place {
			oldest = Importance(i)
		}
	}
	return oldest
}

// mostImportant is the highest importance that waits.
func (q *Turns[T]) mostImportant() Importance {
	for _, i := range [...]Importance{Critical, Normal} {
		if len(q.lines[i]) > 0 {
			return i
		}
	}
	return Batch
}

// take takes out the first of an importance.
func (q *Turns[T]) take(i Importance) T {
	first := q.lines[i][0].value
	q.lines[i][0] = waiter[T]{}
	q.lines[i] = q.lines[i][1:]
	q.len--
	return first
}
