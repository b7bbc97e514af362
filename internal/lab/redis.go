package lab

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// redisTick is how often the clock of the embedded Redis moves on. Each time, it looks at
// all its keys: left to itself it does so with every command, and was 20 times slower
// with 10,000 keys. So what expires, expires up to a tick late.
const redisTick = 5 * time.Second

// An embedded is a Redis in this process and in memory, whose keys expire by the clock.
type embedded struct {
	server *miniredis.Miniredis
	done   chan struct{}
	down   atomic.Bool // it refuses connections
}

// startRedis starts an embedded Redis that a password opens: whoever else is on the machine
// can reach it.
func startRedis(addr, password string) (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), done: make(chan struct{})}
	e.server.SetTime(time.Now())
	e.server.ClockTTL(true)
	e.server.RequireAuth(password)
	if err := e.server.StartAddr(addr); err != nil {
		return nil, fmt.Errorf("the embedded Redis cannot listen at %s: %w", addr, err)
	}
	go e.tick()
	return e, nil
}

func (e *embedded) tick() {
	ticker := time.NewTicker(redisTick)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			e.server.SetTime(now)
		case <-e.done:
			return
		}
	}
}

// Close ends it, and its data.
func (e *embedded) Close() {
	close(e.done)
	e.server.Close()
}

// probeTime bounds how long a Redis may take to answer.
const probeTime = time.Second

// probeRedis says whether a Redis answers, and lets in who has the password.
func probeRedis(ctx context.Context, addr, password string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr, Password: password, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	defer c.Close()
	err := c.Ping(ctx).Err()
	_, answers := errors.AsType[redis.Error](err)
	switch {
	case err == nil:
		return nil
	case redis.IsAuthError(err):
		return fmt.Errorf("the Redis at %s wants a password, and --redis-password is not it: %w", addr, err)
	case answers:
		return fmt.Errorf("the Redis at %s refuses: %w", addr, err)
	}
	return fmt.Errorf("no Redis answers at %s: %w", addr, err)
}
