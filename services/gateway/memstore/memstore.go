// Package memstore keeps what the gateway must not forget in memory: for simulations,
// tests, and a shop that needs nothing but Go. It is one of the adapters that the
// contract of gateway.Store is tested with, and forgets only when the process ends.
package memstore

import (
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// A Store is a gateway.Store.
type Store struct {
	memory   *service.Memory
	orders   *orders
	sessions *sessions
	stream   *stream
}

var _ gateway.Store = (*Store)(nil)

// New makes a store that is empty. Operations take the waits, and the faults, of the
// memory. The store may outlive the service that uses it.
func New(m *service.Memory) *Store {
	return &Store{memory: m, orders: newOrders(), sessions: newSessions(), stream: newStream()}
}

// change runs fn alone; its only result is its error.
func change(t *loop.Task, m *service.Memory, name string, fn func() error) error {
	_, err := service.MemoryDo(t, m, name, func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

// Find implements gateway.OrderStore.
func (s *Store) Find(t *loop.Task, c gateway.Claim) (gateway.Claimed, error) {
	now := time.Now()
	return service.MemoryDo(t, s.memory, "find", func() (gateway.Claimed, error) { return s.orders.find(c, now), nil })
}

// Begin implements gateway.OrderStore.
func (s *Store) Begin(t *loop.Task, d gateway.Draft) (gateway.Claimed, error) {
	now := time.Now()
	return service.MemoryDo(t, s.memory, "begin", func() (gateway.Claimed, error) { return s.orders.begin(d, now), nil })
}

// BeginRefund implements gateway.OrderStore.
func (s *Store) BeginRefund(t *loop.Task, id string, c gateway.Claim, lease time.Time) (gateway.Claimed, gateway.Record, error) {
	type begun struct {
		claimed gateway.Claimed
		record  gateway.Record
	}
	now := time.Now()
	b, err := service.MemoryDo(t, s.memory, "begin-refund", func() (b begun, err error) {
		b.claimed, b.record, err = s.orders.beginRefund(id, c, lease, now)
		return b, err
	})
	return b.claimed, b.record, err
}

// Advance implements gateway.OrderStore.
func (s *Store) Advance(t *loop.Task, id string, fence int64, p gateway.Progress) error {
	return change(t, s.memory, "advance", func() error { return s.orders.advance(id, fence, p) })
}

// Finish implements gateway.OrderStore.
func (s *Store) Finish(t *loop.Task, id string, fence int64, e gateway.Ending) error {
	now := time.Now()
	return change(t, s.memory, "finish", func() error {
		ended, err := s.orders.finish(id, fence, e, now)
		if ended && len(e.Event) > 0 {
			s.stream.publish(e.Event)
		}
		return err
	})
}

// Take implements gateway.OrderStore.
func (s *Store) Take(t *loop.Task, now, lease time.Time, limit int) ([]gateway.Record, error) {
	return service.MemoryDo(t, s.memory, "take", func() ([]gateway.Record, error) { return s.orders.take(now, lease, limit), nil })
}

// Backlog implements gateway.OrderStore.
func (s *Store) Backlog(t *loop.Task, limit int) (map[gateway.Step]gateway.Backlog, error) {
	return service.MemoryDo(t, s.memory, "backlog", func() (map[gateway.Step]gateway.Backlog, error) { return s.orders.backlog(limit), nil })
}

// Order implements gateway.OrderStore.
func (s *Store) Order(t *loop.Task, id string) (gateway.Record, error) {
	now := time.Now()
	return service.MemoryDo(t, s.memory, "order", func() (gateway.Record, error) {
		e, err := s.orders.get(id, now)
		if err != nil {
			return gateway.Record{}, err
		}
		return e.record, nil
	})
}

// Orders implements gateway.OrderStore.
func (s *Store) Orders(t *loop.Task, o gateway.Owner, before int64, limit int) ([]gateway.Record, int64, error) {
	type page struct {
		records []gateway.Record
		next    int64
	}
	now := time.Now()
	p, err := service.MemoryDo(t, s.memory, "orders", func() (p page, err error) {
		p.records, p.next = s.orders.list(o, before, limit, now)
		return p, nil
	})
	return p.records, p.next, err
}

// Open implements gateway.SessionStore.
func (s *Store) Open(t *loop.Task, session gateway.Session) error {
	now := time.Now()
	return change(t, s.memory, "open", func() error { s.sessions.open(session, now); return nil })
}

// Rotate implements gateway.SessionStore.
func (s *Store) Rotate(t *loop.Task, r gateway.Rotation) (string, error) {
	now := time.Now()
	return service.MemoryDo(t, s.memory, "rotate", func() (string, error) { return s.sessions.rotate(r, now) })
}

// Revoke implements gateway.SessionStore.
func (s *Store) Revoke(t *loop.Task, family string) error {
	return change(t, s.memory, "revoke", func() error { s.sessions.revoke(family); return nil })
}

// Publish implements gateway.EventStore.
func (s *Store) Publish(t *loop.Task, body []byte) error {
	return change(t, s.memory, "publish", func() error { s.stream.publish(body); return nil })
}

// Deliver implements gateway.EventStore. There is one group, and so one consumer is as
// good as another.
func (s *Store) Deliver(t *loop.Task, _ string, idle time.Duration, limit int) ([]gateway.Delivery, error) {
	now := time.Now()
	return service.MemoryDo(t, s.memory, "deliver", func() ([]gateway.Delivery, error) { return s.stream.deliver(now, idle, limit), nil })
}

// Count implements gateway.EventStore.
func (s *Store) Count(t *loop.Task, id string, sale gateway.Sale) error {
	return change(t, s.memory, "count", func() error { s.stream.count(id, sale); return nil })
}

// Bury implements gateway.EventStore.
func (s *Store) Bury(t *loop.Task, d gateway.Delivery, reason string) error {
	return change(t, s.memory, "bury", func() error { s.stream.bury(d, reason); return nil })
}

// Sales implements gateway.EventStore.
func (s *Store) Sales(t *loop.Task) ([]gateway.Sale, error) {
	return service.MemoryDo(t, s.memory, "sales", func() ([]gateway.Sale, error) { return s.stream.tally(), nil })
}

// Lag implements gateway.EventStore.
func (s *Store) Lag(t *loop.Task, limit int) (gateway.Lag, error) {
	return service.MemoryDo(t, s.memory, "lag", func() (gateway.Lag, error) { return s.stream.lag(limit), nil })
}

// Dead implements gateway.EventStore.
func (s *Store) Dead(t *loop.Task) (int64, error) {
	return service.MemoryDo(t, s.memory, "dead", func() (int64, error) { return int64(len(s.stream.dead)), nil })
}

// An expiry queue holds keys in the order in which they expire, all having the same
// time to live. What is renewed is queued again, and must not be dropped too early by
// whoever takes it from here.
type expiries struct{ queue []expiry }

type expiry struct {
	key string
	at  time.Time
}

func (q *expiries) add(key string, at time.Time) { q.queue = append(q.queue, expiry{key, at}) }

// due takes the keys whose time has come.
func (q *expiries) due(now time.Time, drop func(key string)) {
	n := 0
	for n < len(q.queue) && !q.queue[n].at.After(now) {
		drop(q.queue[n].key)
		n++
	}
	q.queue = q.queue[n:]
}

// isOver says whether a time that was set has come.
func isOver(expires, now time.Time) bool { return !expires.IsZero() && !expires.After(now) }

// ownerOf are the lists that an order is in.
func ownersOf(o shop.Order) [2]gateway.Owner {
	return [2]gateway.Owner{{Tenant: o.Tenant, Customer: o.Customer}, {Tenant: o.Tenant}}
}
