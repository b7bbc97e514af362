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
	if err := q.Refuse(depth); err != nil {
		return err
	}
	if q.on() {
		q.admitted.Inc()
	}
	return nil
}

// Refuse is Admit for who will ask again before the work is begun: it counts what it
// refuses, and not what it lets pass. The error is the same each time.
func (q *QueueLimit) Refuse(depth int) error {
	if q.on() && depth > q.limit {
		return q.full.reject()
	}
	return nil
}
