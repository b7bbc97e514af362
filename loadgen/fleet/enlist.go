package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/loadgen"
)

// Enlist opens a load, waits until so many agents have joined it, and returns them. told is called whenever one has, or has left
// again. Who comes too late is told so. One load at a time can be open at a Redis.
func (m *Meeting) Enlist(ctx context.Context, agents int, told func(text string)) ([]Member, error) {
	load := rand.Text()
	opened, err := m.client.SetNX(ctx, openKey, m.opening(load), openLife).Result()
	switch {
	case err != nil:
		return nil, m.failed(err)
	case !opened:
		return nil, m.failed(errors.New("another load waits there for its agents"))
	}
	var here []*remote
	for len(here) < agents && err == nil {
		here, err = m.welcome(ctx, load, here, told)
	}
	var off time.Duration
	if err == nil {
		off, err = m.clock(ctx) // now, for it may have been a long wait
	}
	if err != nil {
		m.closeLoad(ctx, load, here, Order{Stop: true})
		release(membersOf(here))
		return nil, err
	}
	m.closeLoad(ctx, load, here, Order{Full: true})
	for _, r := range here {
		r.off = off
	}
	return membersOf(here), nil
}

// closeLoad closes a load, and tells something to all who have said hello and are not here. If the Redis is away, what it has ends by
// itself, and so does who waits.
func (m *Meeting) closeLoad(ctx context.Context, load string, here []*remote, order Order) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	var hellos *redis.StringSliceCmd
	_, err := m.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		hellos = p.LRange(ctx, joinedKey(load), 0, loadgen.MaxShares-1)
		p.Del(ctx, openKey, joinedKey(load))
		return nil
	})
	if err != nil {
		return
	}
	text, err := json.Marshal(order)
	if err != nil {
		return
	}
	_, _ = m.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, said := range hellos.Val() {
			if h, err := readHello([]byte(said)); err == nil && !knows(here, h) {
				queue(ctx, p, ordersKey(load, h.ID), text)
			}
		}
		return nil
	})
}

// welcome returns who is there of those who have joined, and the next one who joins within a while.
func (m *Meeting) welcome(ctx context.Context, load string, here []*remote, told func(text string)) ([]*remote, error) {
	if err := m.client.Set(ctx, openKey, m.opening(load), openLife).Err(); err != nil {
		return here, m.failed(err)
	}
	here = slices.DeleteFunc(here, func(r *remote) bool { return r.hasLeft(told) })
	if err := errors.Join(tellAll(membersOf(here), Order{})...); err != nil { // which says that the load is still to come
		return here, err
	}
	h, err := m.hello(ctx, load)
	if err != nil || h == nil || knows(here, *h) {
		return here, err
	}
	r := m.take(load, *h)
	told(r.Name() + " has joined")
	return append(here, r), nil
}

// hello returns what the next agent that joins says, nil if none does for a while.
func (m *Meeting) hello(ctx context.Context, load string) (*hello, error) {
	text, found, err := m.pop(ctx, joinedKey(load))
	if err != nil || !found {
		return nil, err
	}
	h, err := readHello(text)
	if err != nil {
		return nil, m.failed(err)
	}
	return &h, nil
}
