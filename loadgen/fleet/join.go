package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Join waits until a load is open, and joins it by a name. told is called when it has, with what is added to this
// machine's time to have that of Redis.
func (m *Meeting) Join(ctx context.Context, name string, told func(off time.Duration)) (Port, error) {
	h := hello{ID: rand.Text(), Name: strings.ToValidUTF8(name[:min(len(name), maxName)], "")}
	for {
		load, err := m.open(ctx)
		if err != nil {
			return nil, err
		}
		off, err := m.clock(ctx)
		if err != nil {
			return nil, err
		}
		if heard, err := m.greet(ctx, load, h); err != nil {
			return nil, err
		} else if heard {
			told(off)
			return &joiner{meeting: m, load: load, hello: h, off: off, heard: time.Now()}, nil
		}
	}
}

// greet says hello to a load. It says whether that is heard, and answered: not if the load was closed just before. It is not interrupted
// on the way: who was heard has to say that it leaves.
func (m *Meeting) greet(ctx context.Context, load string, h hello) (heard bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	text, err := json.Marshal(h)
	if err != nil {
		return false, err
	}
	if err := m.push(joinedKey(load), json.RawMessage(text)); err != nil {
		return false, err
	}
	open, err := m.client.Get(ctx, openKey).Result()
	switch {
	case err != nil && !errors.Is(err, redis.Nil):
		return false, m.failed(err)
	case open == m.opening(load):
		return true, nil
	}
	unheard, err := m.client.LRem(ctx, joinedKey(load), 1, text).Result()
	if err != nil {
		return false, m.failed(err)
	}
	return unheard == 0, nil
}

// open waits until a load is open, and returns which. One of another version is refused.
func (m *Meeting) open(ctx context.Context) (load string, err error) {
	ticks := time.NewTicker(poll / 4)
	defer ticks.Stop()
	for {
		text, err := m.client.Get(ctx, openKey).Result()
		switch {
		case err == nil:
			load, version, _ := strings.Cut(text, " ")
			if version != m.version {
				return "", m.failed(fmt.Errorf("the load that waits there is sent by %.200q, and this is %.200q: all must be of one version", version, m.version))
			}
			return load, nil
		case ctx.Err() != nil:
			return "", errInterrupted
		case !errors.Is(err, redis.Nil):
			return "", m.failed(err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return "", errInterrupted
		}
	}
}

// A joiner is the Port of an agent that has joined.
type joiner struct {
	meeting *Meeting
	load    string
	hello   hello
	off     time.Duration
	heard   time.Time // when it was last told something
}

// Hear waits for the next order.
func (j *joiner) Hear(ctx context.Context) (order Order, err error) {
	for {
		text, found, err := j.meeting.pop(ctx, ordersKey(j.load, j.hello.ID))
		switch {
		case err != nil:
			return order, err
		case found:
			j.heard = time.Now()
			return j.read(ctx, text)
		case time.Since(j.heard) > Silence:
			return order, errSilent
		}
	}
}

// read reads an order. A job may come long after the clock was compared, and its start soon after it.
func (j *joiner) read(ctx context.Context, text []byte) (order Order, err error) {
	err = json.Unmarshal(text, &order)
	if err == nil && order.Job != nil {
		j.off, err = j.meeting.clock(ctx)
	}
	if order.Start != nil {
		at := order.Start.Add(-j.off)
		order.Start = &at
	}
	return order, err
}

// Say says something.
func (j *joiner) Say(word Word) error { return j.meeting.push(wordsKey(j.load, j.hello.ID), word) }
