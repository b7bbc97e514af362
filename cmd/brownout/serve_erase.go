package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// eraseBatch is how many keys are looked at, and deleted, at a time: a Redis does nothing else meanwhile.
const eraseBatch = 500

// erase deletes all keys of a service. It has ended before, or it would write new ones.
func (f *storeFlags) erase(ctx context.Context, service string) error {
	c := redis.NewClient(&redis.Options{Addr: f.Redis, Password: f.RedisPassword, ContextTimeoutEnabled: true})
	defer c.Close()
	pattern := literal(f.prefixOf(service)) + "*"
	for cursor := uint64(0); ; {
		keys, next, err := c.Scan(ctx, cursor, pattern, eraseBatch).Result()
		if err == nil && len(keys) > 0 {
			err = c.Unlink(ctx, keys...).Err()
		}
		if err != nil {
			return fmt.Errorf("%s: its data cannot be erased: %w", service, err)
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// literal is a text as a pattern of Redis that nothing but the text matches.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(text)
}
