package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
)

// occupyStep is how long one command of Occupy blocks: so soon it sees that it is to end.
const occupyStep = 50 * time.Millisecond

// Classes returns the names of the classes of operations; the first that there is, is
// "default". Any goroutine may call it, once the service is made.
func (r *Redis) Classes() []string { return slices.Sorted(maps.Keys(r.classes)) }

// Occupy has an operation of a class, one of Classes, hold its connection for d, or until
// stopped says so, as a slow command does. Redis itself is not kept from anything. The
// error is that of an operation, as when it found no connection. Stopped is called on
// other goroutines.
func (r *Redis) Occupy(t *loop.Task, class string, d time.Duration, stopped func() bool) error {
	key := r.Key("nothing")
	_, err := RedisDo(t, r.classes[class], "occupy", func(ctx context.Context, c *redis.Client) (struct{}, error) {
		conn := c.Conn()
		return struct{}{}, errors.Join(awaitNothing(ctx, conn, key, d, stopped), conn.Close())
	})
	return err
}

// awaitNothing blocks a connection with reads of a stream that is not there.
func awaitNothing(ctx context.Context, conn *redis.Conn, key string, d time.Duration, stopped func() bool) error {
	until := time.Now().Add(d)
	for left := d; left >= time.Millisecond && !stopped(); left = time.Until(until) { // less would be for ever
		read := &redis.XReadArgs{Streams: []string{key, "$"}, Block: min(left, occupyStep)}
		if err := absent(conn.XRead(ctx, read).Err()); err != nil {
			return err
		}
	}
	return nil
}
