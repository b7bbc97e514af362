package acquirer

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/telemetry"
)

// meddlers are those who spoil a bank's orders.
type meddlers struct {
	mu   sync.Mutex // over changes
	list atomic.Pointer[[]*meddler]
}

type meddler struct {
	fault  string
	slow   func(time.Duration) time.Duration
	refuse func() error
	lose   func() bool
}

// Meddle has a bank's orders spoilt by a fault of a name until stop is called: slow returns how long an order takes a
// worker, given how long it would; refuse returns an error for an order that is not to be begun;
// lose says of an order that was carried out whether its answer is never sent. Any of them may be
// nil; they are called on the loop. Any goroutine may call Meddle and stop.
func (b *Bank) Meddle(fault string, slow func(time.Duration) time.Duration, refuse func() error, lose func() bool) (stop func()) {
	m := &meddler{fault, slow, refuse, lose}
	b.meddlers.change(func(all []*meddler) []*meddler { return append(all, m) })
	return func() {
		b.meddlers.change(func(all []*meddler) []*meddler {
			return slices.DeleteFunc(all, func(other *meddler) bool { return other == m })
		})
	}
}

// change replaces the list, which those who read it may still have.
func (m *meddlers) change(fn func([]*meddler) []*meddler) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := fn(slices.Clone(m.all()))
	m.list.Store(&all)
}

func (m *meddlers) all() []*meddler {
	if list := m.list.Load(); list != nil {
		return *list
	}
	return nil
}

// hit notes in the trace of an order that it was spoilt.
func (m *meddler) hit(t *loop.Task) { telemetry.FromContext(t.Context()).Hit(m.fault, time.Now()) }

func (m *meddlers) slowed(t *loop.Task, d time.Duration) time.Duration {
	for _, one := range m.all() {
		if one.slow == nil {
			continue
		}
		slower := one.slow(d)
		if slower != d {
			one.hit(t)
		}
		d = slower
	}
	return d
}

func (m *meddlers) refused(t *loop.Task) error {
	for _, one := range m.all() {
		if one.refuse == nil {
			continue
		}
		if err := one.refuse(); err != nil {
			one.hit(t)
			return err
		}
	}
	return nil
}

// lost waits, where the answer is lost, until nobody waits for it any more.
func (m *meddlers) lost(t *loop.Task) error {
	for _, one := range m.all() {
		if one.lose != nil && one.lose() {
			one.hit(t)
			return t.Sleep(silence)
		}
	}
	return nil
}

// silence is longer than any route has.
const silence = 5 * time.Minute
