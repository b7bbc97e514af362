package resilience

// A QueueLimit refuses work when too much of it is there already. Any goroutine may
// use it.
type QueueLimit struct {
	guard
	limit int
	full  *refusal
}

// NewQueueBound makes a bound of limit, at least 1.
func NewQueueBound(r *Registry, target string, limit int) *QueueLimit {
	q := &QueueLimit{guard: newGuard(r, QueueBound, target), limit: max(limit, 1)}
	q.full = q.refusal("full")
	return q
}

// Admit says whether there may be so much work, that which asks included.
func (q *QueueLimit) Admit(depth int) error {
	if !q.on() {
		return nil
	}
	if depth > q.limit {
		return q.full.reject()
	}
	q.admitted.Inc()
	return nil
}
