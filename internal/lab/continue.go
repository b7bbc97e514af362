package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
)

// continueWith goes on with the epoch whose data a real Redis has: the newest one that
// this Redis remembers. If there is none, a new one begins: books that begin anew beside
// old statements would never agree.
func (f *Folder) continueWith(ctx context.Context, addr, password string) (Epoch, error) {
	if err := probeRedis(ctx, addr, password); err != nil {
		return Epoch{}, err
	}
	c := redis.NewClient(&redis.Options{Addr: addr, Password: password, MaxRetries: -1})
	defer c.Close()
	epochs, err := f.Epochs()
	if err != nil {
		return Epoch{}, err
	}
	for _, e := range epochs {
		if known, err := e.knownTo(ctx, c); err != nil {
			return Epoch{}, err
		} else if known {
			return e, e.make()
		}
	}
	e, err := f.Begin()
	if err != nil {
		return e, err
	}
	return e, e.mark(ctx, c)
}

// mark has the epoch's folder and Redis remember its id. A Redis may have the data of other
// folders, whose epochs have the same numbers.
func (e *Epoch) mark(ctx context.Context, c *redis.Client) error {
	if err := os.WriteFile(e.File("redis"), []byte(e.id), 0o600); err != nil {
		return sentence(err, "the file "+e.File("redis")+" cannot be written")
	}
	isNew, err := c.SetNX(ctx, e.markKey(), e.Name(), 0).Result()
	if err != nil {
		return fmt.Errorf("the Redis does not take writes: %w", err)
	}
	if !isNew {
		return fmt.Errorf("the Redis has the key %s already", e.markKey())
	}
	return nil
}

// knownTo reads the epoch's id, and says whether Redis has its mark.
func (e *Epoch) knownTo(ctx context.Context, c *redis.Client) (bool, error) {
	id, err := os.ReadFile(e.File("redis"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, sentence(err, "the file "+e.File("redis")+" cannot be read")
	}
	if len(id) != len(rand.Text()) {
		return false, nil // it was cut off when it was written
	}
	e.id = string(id)
	n, err := c.Exists(ctx, e.markKey()).Result()
	if err != nil {
		return false, fmt.Errorf("the Redis does not answer: %w", err)
	}
	return n > 0, nil
}

func (e *Epoch) markKey() string { return e.prefix() + "epoch" }

// prefix is what the keys of the epoch's data begin with.
func (e *Epoch) prefix() string { return "brownout:" + e.id + ":" }
