// Package redisstore keeps what the gateway must not forget in Redis. Each change is
// one script, and so is made wholly or not at all; scripts/common.lua tells which keys
// there are.
package redisstore

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/services/gateway"
)

// A Store is a gateway.Store.
type Store struct {
	redis   *service.Redis
	batch   *service.Redis // for lists and events, which can wait, and must not keep a checkout
	scripts map[string]*redis.Script
}

// batchInFlight and batchQueue bound the operations of batch.
const batchInFlight, batchQueue = 8, 1024

var _ gateway.Store = (*Store)(nil)

// New makes a store of what lies under the prefix of r.
func New(r *service.Redis) *Store {
	return &Store{redis: r, batch: r.Class("batch", batchInFlight, batchQueue), scripts: loadScripts()}
}

// connection is that for a script.
func (s *Store) connection(script string) *service.Redis {
	if script == "orders" {
		return s.batch
	}
	return s.redis
}

// Find implements gateway.OrderStore.
func (s *Store) Find(t *loop.Task, c gateway.Claim) (gateway.Claimed, error) {
	return s.claim(t, "find", string(c.Key), c.Digest)
}

// Begin implements gateway.OrderStore.
func (s *Store) Begin(t *loop.Task, d gateway.Draft) (gateway.Claimed, error) {
	order, err := json.Marshal(d.Order)
	if err != nil {
		return gateway.Claimed{}, err
	}
	return s.claim(t, "begin", d.Order.ID, string(d.Claim.Key), d.Claim.Digest, d.Attempt, order,
		d.Order.Customer, d.Order.Tenant, d.Lease.UnixMilli())
}

func (s *Store) claim(t *loop.Task, script string, args ...any) (gateway.Claimed, error) {
	answer, err := s.run(t, script, args...)
	if err != nil {
		return gateway.Claimed{}, err
	}
	f := fieldsOf(answer)
	return f.claimed(), f.err
}

// BeginRefund implements gateway.OrderStore.
func (s *Store) BeginRefund(t *loop.Task, id string, c gateway.Claim, lease time.Time) (gateway.Claimed, gateway.Record, error) {
	answer, err := s.run(t, "begin_refund", id, string(c.Key), c.Digest, lease.UnixMilli())
	if err != nil {
		return gateway.Claimed{}, gateway.Record{}, err
	}
	f := fieldsOf(answer)
	if len(f.values) == 1 {
		return gateway.Claimed{}, gateway.Record{}, refusal(f.values[0])
	}
	claimed := f.claimed()
	if f.err != nil || claimed.Standing != gateway.Vacant {
		return claimed, gateway.Record{}, f.err
	}
	return claimed, f.record(), f.err
}

// Advance implements gateway.OrderStore.
func (s *Store) Advance(t *loop.Task, id string, fence int64, p gateway.Progress) error {
	return s.change(t, "advance", id, fence, string(p.Status), string(p.Step), p.Lease.UnixMilli(),
		statusText(p.Verdict.Answer), p.Verdict.Answer.Body, p.Verdict.Release)
}

// Finish implements gateway.OrderStore.
func (s *Store) Finish(t *loop.Task, id string, fence int64, e gateway.Ending) error {
	return s.change(t, "finish", id, fence, string(e.Status),
		statusText(e.Verdict.Answer), e.Verdict.Answer.Body, e.Verdict.Release, e.Event)
}

// statusText is an answer's status, "" if there is no answer.
func statusText(a gateway.Answer) string {
	if a.Status == 0 {
		return ""
	}
	return strconv.Itoa(a.Status)
}

// Take implements gateway.OrderStore.
func (s *Store) Take(t *loop.Task, now, lease time.Time, limit int) ([]gateway.Record, error) {
	answer, err := s.run(t, "take", now.UnixMilli(), lease.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	f := fieldsOf(answer)
	return f.records(), f.err
}

// Backlog implements gateway.OrderStore.
func (s *Store) Backlog(t *loop.Task, limit int) (map[gateway.Step]gateway.Backlog, error) {
	answer, err := s.run(t, "backlog", limit)
	if err != nil {
		return nil, err
	}
	standing := map[gateway.Step]gateway.Backlog{}
	f := fieldsOf(answer)
	for f.err == nil && len(f.values) > 0 {
		step, lease := gateway.Step(f.text()), f.time()
		b, known := standing[step]
		if !known {
			b.Lease = lease
		}
		b.Orders++
		standing[step] = b
	}
	return standing, f.err
}

// Order implements gateway.OrderStore.
func (s *Store) Order(t *loop.Task, id string) (gateway.Record, error) {
	answer, err := s.run(t, "order", id)
	if err != nil {
		return gateway.Record{}, err
	}
	f := fieldsOf(answer)
	return f.record(), f.err
}

// Orders implements gateway.OrderStore.
func (s *Store) Orders(t *loop.Task, o gateway.Owner, before int64, limit int) ([]gateway.Record, int64, error) {
	list, below := "tenant:"+o.Tenant, "+inf"
	if o.Customer != "" {
		list = "customer:" + o.Tenant + "/" + o.Customer
	}
	if before > 0 {
		below = "(" + strconv.FormatInt(before, 10)
	}
	answer, err := s.run(t, "orders", list, below, limit)
	if err != nil {
		return nil, 0, err
	}
	f := fieldsOf(answer)
	next := f.integer()
	return f.records(), next, f.err
}

// Open implements gateway.SessionStore.
func (s *Store) Open(t *loop.Task, n gateway.Session) error {
	return s.change(t, "open", n.Family, n.User, n.Token, milliseconds(n.Expires))
}

// Rotate implements gateway.SessionStore.
func (s *Store) Rotate(t *loop.Task, r gateway.Rotation) (string, error) {
	answer, err := s.run(t, "rotate", r.Family, r.Token, r.Next, milliseconds(r.Expires))
	if err != nil {
		return "", err
	}
	f := fieldsOf(answer)
	switch f.text() {
	case "missing":
		return "", gateway.ErrNoSession
	case "reused":
		return "", gateway.ErrTokenReused
	}
	return f.text(), f.err
}

// milliseconds is how long it is until then, at least one.
func milliseconds(then time.Time) int64 { return max(1, time.Until(then).Milliseconds()) }

// Revoke implements gateway.SessionStore.
func (s *Store) Revoke(t *loop.Task, family string) error { return s.change(t, "revoke", family) }
