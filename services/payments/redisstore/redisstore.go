// Package redisstore keeps payments in Redis. Each change is one Lua script, so that
// no other client, and no crash, ever sees half of one.
//
//	p:ID        hash    version, and record as JSON
//	k:KEY       string  a claim as JSON; expires
//	due         zset    payments on their way, by the end of their lease in ms
//	ledger      list    entries as JSON; the place in the list is the number
//	balances    hash    account -> cents
//	events      stream  events as JSON, under the ids N-0
//	event       string  N of the last event
package redisstore

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

//go:embed commit.lua
var commitSource string

//go:embed load.lua
var loadSource string

// A Store implements payments.Store.
type Store struct {
	redis        *service.Redis
	commit, load *redis.Script
}

// New makes a store, under the key prefix of r.
func New(r *service.Redis) *Store {
	return &Store{redis: r, commit: redis.NewScript(commitSource), load: redis.NewScript(loadSource)}
}

// Load implements payments.Store.
func (s *Store) Load(t *loop.Task, payment string, key payments.Key) (payments.Snapshot, error) {
	keys := []string{s.redis.Key("p:", payment)}
	if key != "" {
		keys = append(keys, s.redis.Key("k:", string(key)))
	}
	return service.RedisDo(t, s.redis, "payments.load", func(ctx context.Context, c *redis.Client) (payments.Snapshot, error) {
		found, err := s.load.Run(ctx, c, keys).StringSlice()
		if err != nil {
			return payments.Snapshot{}, err
		}
		return snapshot(found)
	})
}

func snapshot(found []string) (s payments.Snapshot, err error) {
	if len(found) != 2 {
		return s, fmt.Errorf("redisstore: %d values instead of a record and a claim", len(found))
	}
	if err := unmarshal(found[0], &s.Record); err != nil {
		return s, err
	}
	return s, unmarshal(found[1], &s.Claim)
}

// Commit implements payments.Store.
func (s *Store) Commit(t *loop.Task, c payments.Change) error {
	keys := []string{
		s.redis.Key("p:", c.Payment), s.redis.Key("due"), s.redis.Key("ledger"),
		s.redis.Key("balances"), s.redis.Key("events"), s.redis.Key("event"),
	}
	for _, k := range c.Keys {
		keys = append(keys, s.redis.Key("k:", string(k.Key)))
	}
	args, err := arguments(c)
	if err != nil {
		return err
	}
	made, err := service.RedisDo(t, s.redis, "payments.commit", func(ctx context.Context, client *redis.Client) (int, error) {
		return s.commit.Run(ctx, client, keys, args...).Int()
	})
	if err == nil && made == 0 {
		return payments.ErrMoved
	}
	return err
}

// arguments are those of commit.lua.
func arguments(c payments.Change) ([]any, error) {
	a := argumentList{args: []any{c.Payment, c.Base}}
	a.record(c.Record)
	a.json(c.Entry != nil, c.Entry)
	a.json(c.Event != nil, c.Event)
	a.add(payments.MaxEvents)
	a.legs(c.Entry)
	for _, k := range c.Keys {
		a.key(k)
	}
	return a.args, a.err
}

// An argumentList collects arguments, and the first error.
type argumentList struct {
	args []any
	err  error
}

func (a *argumentList) add(args ...any) { a.args = append(a.args, args...) }

// json adds a value as JSON, or "" if there is none.
func (a *argumentList) json(given bool, v any) {
	if !given {
		a.add("")
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		a.err = err
	}
	a.add(text)
}

func (a *argumentList) record(r *payments.Record) {
	if r == nil {
		a.add("", "", "")
		return
	}
	a.add(r.Version)
	a.json(true, r)
	if r.UnderWay() {
		a.add(r.Lease.UnixMilli())
	} else {
		a.add("")
	}
}

func (a *argumentList) legs(e *shop.LedgerEntry) {
	if e == nil {
		a.add(0)
		return
	}
	a.add(len(e.Legs))
	for _, leg := range e.Legs {
		a.add(leg.Account, int64(leg.Amount))
	}
}

func (a *argumentList) key(k payments.KeyChange) {
	a.add(k.Fresh) // go-redis sends 1 or 0
	a.json(k.Claim.Digest != "", k.Claim)
	a.add(max(k.Lasts.Milliseconds(), 1))
}

// Due implements payments.Store.
func (s *Store) Due(t *loop.Task, now time.Time, most int) ([]string, error) {
	key, until := s.redis.Key("due"), strconv.FormatInt(now.UnixMilli(), 10)
	return service.RedisDo(t, s.redis, "payments.due", func(ctx context.Context, c *redis.Client) ([]string, error) {
		return c.ZRangeArgs(ctx, redis.ZRangeArgs{Key: key, Start: "-inf", Stop: until, ByScore: true, Count: int64(most)}).Result()
	})
}

// Ledger implements payments.Store.
func (s *Store) Ledger(t *loop.Task, after int64, most int) ([]shop.LedgerEntry, error) {
	key := s.redis.Key("ledger")
	return service.RedisDo(t, s.redis, "payments.ledger", func(ctx context.Context, c *redis.Client) ([]shop.LedgerEntry, error) {
		texts, err := c.LRange(ctx, key, after, after+int64(most)-1).Result()
		if err != nil {
			return nil, err
		}
		entries := make([]shop.LedgerEntry, len(texts))
		for i, text := range texts {
			if err := unmarshal(text, &entries[i]); err != nil {
				return nil, err
			}
			entries[i].Seq = after + int64(i) + 1
		}
		return entries, nil
	})
}

// Balances implements payments.Store.
func (s *Store) Balances(t *loop.Task) ([]shop.Leg, error) {
	key := s.redis.Key("balances")
	return service.RedisDo(t, s.redis, "payments.balances", func(ctx context.Context, c *redis.Client) ([]shop.Leg, error) {
		accounts, err := c.HGetAll(ctx, key).Result()
		if err != nil {
			return nil, err
		}
		return byName(accounts)
	})
}

func byName(accounts map[string]string) ([]shop.Leg, error) {
	legs := make([]shop.Leg, 0, len(accounts))
	for name, text := range accounts {
		amount, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redisstore: balance of %s: %w", name, err)
		}
		legs = append(legs, shop.Leg{Account: name, Amount: shop.Amount(amount)})
	}
	slices.SortFunc(legs, func(a, b shop.Leg) int { return strings.Compare(a.Account, b.Account) })
	return legs, nil
}

// Events implements payments.Store.
func (s *Store) Events(t *loop.Task, after int64, most int) ([]shop.PaymentEvent, error) {
	key, from := s.redis.Key("events"), strconv.FormatInt(after+1, 10)+"-0"
	return service.RedisDo(t, s.redis, "payments.events", func(ctx context.Context, c *redis.Client) ([]shop.PaymentEvent, error) {
		messages, err := c.XRangeN(ctx, key, from, "+", int64(most)).Result()
		if err != nil {
			return nil, err
		}
		events := make([]shop.PaymentEvent, len(messages))
		for i, m := range messages {
			text, _ := m.Values["event"].(string)
			if err := unmarshal(text, &events[i]); err != nil {
				return nil, err
			}
			events[i].ID, _, _ = strings.Cut(m.ID, "-")
		}
		return events, nil
	})
}

// unmarshal reads what this package has written; "" is the zero value.
func unmarshal(text string, into any) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	return nil
}
