package redisstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/services/gateway"
)

// sources are the scripts as they are written. They are only read.
//
//go:embed scripts/*.lua
var sources embed.FS

// loadScripts puts the bounds and what is common before each script.
func loadScripts() map[string]*redis.Script {
	head := bounds() + source("scripts/common.lua")
	paths, err := fs.Glob(sources, "scripts/*.lua")
	if err != nil {
		panic(err) // the pattern is good
	}
	scripts := map[string]*redis.Script{}
	for _, path := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(path, "scripts/"), ".lua")
		scripts[name] = redis.NewScript(head + source(path))
	}
	return scripts
}

// bounds tells the scripts what the gateway has decided.
func bounds() string {
	return fmt.Sprintf("local MAX_LISTED_CUSTOMER, MAX_LISTED_TENANT, MAX_EVENTS = %d, %d, %d\nlocal RETENTION, KEY_TTL, MAX_SESSIONS = %d, %d, %d\n",
		gateway.MaxListedCustomer, gateway.MaxListedTenant, gateway.MaxEvents,
		gateway.Retention.Milliseconds(), gateway.KeyTTL.Milliseconds(), gateway.MaxSessions)
}

func source(path string) string {
	text, err := sources.ReadFile(path)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// run runs a script, which makes one change or one reading.
func (s *Store) run(t *loop.Task, name string, args ...any) (any, error) {
	script, keys := s.scripts[name], []string{s.redis.Key()}
	return service.RedisDo(t, s.connection(name), name, func(ctx context.Context, c *redis.Client) (any, error) {
		return script.Run(ctx, c, keys, args...).Result()
	})
}

// change runs a script that answers with a word.
func (s *Store) change(t *loop.Task, name string, args ...any) error {
	answer, err := s.run(t, name, args...)
	if err != nil {
		return err
	}
	return refusal(answer)
}

// refusal is the error that a word of a script stands for, nil if it is none.
func refusal(word any) error {
	switch word {
	case "missing":
		return gateway.ErrNoOrder
	case "fenced":
		return gateway.ErrFenced
	case "state":
		return gateway.ErrOrderState
	}
	return nil
}
