package lab

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
)

// continueWith goes on with the epoch whose data a real Redis has: the last one, if
// Redis remembers it. Otherwise a new one begins: books that begin anew beside old
// statements would never agree.
func (f *Folder) continueWith(ctx context.Context, addr string) (Epoch, error) {
	if err := probeRedis(ctx, addr); err != nil {
		return Epoch{}, err
	}
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer c.Close()
	e, found, err := f.Continue()
	if err != nil {
		return e, err
	}
	if found {
		if known, err := e.knownTo(ctx, c); known || err != nil {
			return e, err
		}
	}
	if e, err = f.Begin(); err != nil {
		return e, err
	}
	return e, e.mark(ctx, c)
}

// mark has Redis and the epoch's folder remember each other.
func (e Epoch) mark(ctx context.Context, c *redis.Client) error {
	secret := password()
	if err := c.Set(ctx, e.markKey(), secret, 0).Err(); err != nil {
		return fmt.Errorf("the Redis does not take writes: %w", err)
	}
	return os.WriteFile(e.File("redis"), []byte(secret), 0o600)
}

func (e Epoch) knownTo(ctx context.Context, c *redis.Client) (bool, error) {
	mine, err := os.ReadFile(e.File("redis"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, sentence(err, "the file "+e.File("redis")+" cannot be read")
	}
	theirs, err := c.Get(ctx, e.markKey()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, fmt.Errorf("the Redis does not answer: %w", err)
	}
	return err == nil && theirs == string(mine), nil
}

func (e Epoch) markKey() string { return "brownout:" + e.Name() + ":epoch" }
