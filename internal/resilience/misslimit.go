package resilience

import (
	"slices"

	"brownout/internal/loop"
)

// A MissGate bounds the loads of missing values that are under way to what stands behind a
// cache. It belongs to its loop.
type MissGate struct {
	guard
	limit, queue int
	running      int
	waiting      []*loop.Promise[struct{}] // the first is next
	full         *refusal
}

// NewMissLimit makes a gate for the loads of a target: at most limit at once, at least 1,
// while queue wait.
func NewMissLimit(r *Registry, target string, limit, queue int) *MissGate {
	m := &MissGate{guard: newGuard(r, MissLimit, target), limit: max(limit, 1), queue: queue}
	m.full = m.refusal("full")
	return m
}

// Fill returns what load returns, which runs in a task of its own, when its turn has come,
// for 10 s at most, and goes on when the caller leaves: what was begun must not be begun
// again, or a cache that is cold stays so. It has the values of the caller's context. If
// too many wait, the error is a Rejection. While the protection is off, load runs at once,
// in the caller's task, and ends with it.
func Fill[V any](t *loop.Task, m *MissGate, load func(*loop.Task) (V, error)) (V, error) {
	if !m.on() {
		return load(t)
	}
	var none V
	if err := t.Err(); err != nil {
		return none, err
	}
	if m.running >= m.limit && len(m.waiting) >= m.queue {
		return none, m.full.reject()
	}
	m.admitted.Inc()
	p := loop.NewPromise[loop.Outcome[V]](t.Loop(), t.Name())
	detach(t, p, func() {}, func(t *loop.Task) (V, error) {
		if err := m.enter(t); err != nil {
			return none, err
		}
		defer m.leave()
		return bounded(t, load)
	})
	outcome, err := loop.Await(t, p)
	if err != nil {
		return none, err
	}
	return outcome.Value, outcome.Err
}

// enter returns when there is room for one more.
func (m *MissGate) enter(t *loop.Task) error {
	if m.running < m.limit {
		m.running++
		return nil
	}
	mine := loop.NewPromise[struct{}](t.Loop(), t.Name())
	m.waiting = append(m.waiting, mine)
	entered := false
	defer func() { // also when the task is unwound here
		if !entered {
			m.giveUp(mine)
		}
	}()
	_, err := loop.Await(t, mine)
	entered = err == nil
	return err
}

// giveUp leaves the queue. A place that has come meanwhile goes to the next.
func (m *MissGate) giveUp(mine *loop.Promise[struct{}]) {
	if i := slices.Index(m.waiting, mine); i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
		return
	}
	m.leave()
}

// leave gives the place to the next.
func (m *MissGate) leave() {
	if len(m.waiting) == 0 {
		m.running--
		return
	}
	next := m.waiting[0]
	m.waiting = slices.Delete(m.waiting, 0, 1)
	next.Resolve(struct{}{})
}
