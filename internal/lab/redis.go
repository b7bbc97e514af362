package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// startRedis starts the embedded Redis, in this process and in memory; its keys expire by
// the clock.
func startRedis(addr string) (*miniredis.Miniredis, error) {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	if err := m.StartAddr(addr); err != nil {
		return nil, fmt.Errorf("the embedded Redis cannot listen at %s: %w", addr, err)
	}
	return m, nil
}

// probeTime bounds how long a Redis may take to answer.
const probeTime = time.Second

// probeRedis says whether a Redis answers.
func probeRedis(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	defer c.Close()
	if err := c.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("no Redis answers at %s: %w", addr, err)
	}
	return nil
}
