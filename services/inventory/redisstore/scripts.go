package redisstore

import (
	"context"
	"embed"
	"fmt"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
)

// sources are the scripts as they are written. They are only read.
//
//go:embed scripts/*.lua
var sources embed.FS

// The names of the scripts.
const (
	seedScript       = "seed"
	productsScript   = "products"
	restockScript    = "restock"
	holdScript       = "hold"
	holdsScript      = "holds"
	actScript        = "act"
	expireDueScript  = "expire_due"
	readStocksScript = "read_stocks"
	writeHoldScript  = "write_hold"
	censusScript     = "census"
)

// loadScripts puts what is common to all scripts before each.
func loadScripts() map[string]*redis.Script {
	common := source("common")
	scripts := map[string]*redis.Script{}
	for _, name := range []string{
		seedScript, productsScript, restockScript, holdScript, holdsScript, actScript, expireDueScript, readStocksScript, writeHoldScript,
		censusScript,
	} {
		scripts[name] = redis.NewScript(common + source(name))
	}
	return scripts
}

func source(name string) string {
	text, err := sources.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// What scripts answer first.
const (
	done     = "done"
	known    = "known"    // a hold with this id is there
	replayed = "replayed" // a key is known
	mismatch = "mismatch" // a key is known, for another request
	unknown  = "unknown"  // a product is not there
	short    = "short"    // of which there is not enough
	refused  = "refused"  // by the status of the hold
	full     = "full"     // there are too many holds
)

// An answer is what a script says.
type answer struct {
	verdict string
	rest    []any
}

// run runs a script. The arguments must not be changed afterwards.
func (s *Store) run(t *loop.Task, operation, script string, args ...any) (answer, error) {
	args = append([]any{s.redis.Key()}, args...)
	return service.RedisDo(t, s.redis, operation, func(ctx context.Context, c *redis.Client) (answer, error) {
		values, err := s.scripts[script].Run(ctx, c, nil, args...).Slice()
		if err != nil {
			return answer{}, err
		}
		f := fields{values: values}
		a := answer{verdict: f.text(), rest: f.values}
		return a, f.err
	})
}

// array returns what the script has answered at a place behind its verdict.
func (a answer) array(at int) fields {
	if at < len(a.rest) {
		if values, ok := a.rest[at].([]any); ok {
			return fields{values: values}
		}
	}
	return fields{err: fmt.Errorf("redisstore: the script answers %q without an array at %d", a.verdict, at)}
}

// unexpected returns the error of an answer that the script does not give.
func (a answer) unexpected() error {
	return fmt.Errorf("redisstore: the script answers %q", a.verdict)
}
