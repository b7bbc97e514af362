package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// group is the consumer group that counts sales.
const group = "sales"

// Publish implements gateway.EventStore.
func (s *Store) Publish(t *loop.Task, body []byte) error { return s.change(t, "publish", body) }

// Deliver implements gateway.EventStore. It does not wait for events: a connection that
// blocks would be one that others lack.
func (s *Store) Deliver(t *loop.Task, consumer string, idle time.Duration, limit int) ([]gateway.Delivery, error) {
	r := reader{stream: s.redis.Key("events"), consumer: consumer, idle: idle, limit: limit}
	return service.RedisDo(t, s.batch, "deliver", func(ctx context.Context, c *redis.Client) ([]gateway.Delivery, error) {
		batch, err := r.read(ctx, c)
		if err == nil || !strings.HasPrefix(err.Error(), "NOGROUP") {
			return batch, err
		}
		if err := c.XGroupCreateMkStream(ctx, r.stream, group, "0").Err(); err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
			return nil, err
		}
		return r.read(ctx, c)
	})
}

// A reader reads a stream as one of the group.
type reader struct {
	stream, consumer string
	idle             time.Duration
	limit            int
}

func (r reader) read(ctx context.Context, c *redis.Client) ([]gateway.Delivery, error) {
	batch, err := r.again(ctx, c)
	if err != nil || len(batch) >= r.limit {
		return batch, err
	}
	streams, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: group, Consumer: r.consumer, Streams: []string{r.stream, ">"}, Count: int64(r.limit - len(batch)), Block: -1,
	}).Result()
	if err == redis.Nil {
		return batch, nil
	}
	for _, stream := range streams {
		for _, m := range stream.Messages {
			batch = append(batch, delivery(m, 1))
		}
	}
	return batch, err
}

// again takes over what was delivered and has been idle since.
func (r reader) again(ctx context.Context, c *redis.Client) ([]gateway.Delivery, error) {
	messages, _, err := c.XAutoClaim(ctx, &redis.XAutoClaimArgs{
		Stream: r.stream, Group: group, Consumer: r.consumer, MinIdle: r.idle, Start: "0-0", Count: int64(r.limit),
	}).Result()
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	pending, err := c.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: r.stream, Group: group, Start: messages[0].ID, End: messages[len(messages)-1].ID, Count: gateway.MaxEvents,
	}).Result()
	if err != nil {
		return nil, err
	}
	deliveries := make(map[string]int64, len(pending))
	for _, p := range pending {
		deliveries[p.ID] = p.RetryCount
	}
	batch := make([]gateway.Delivery, len(messages))
	for i, m := range messages {
		batch[i] = delivery(m, deliveries[m.ID])
	}
	return batch, nil
}

func delivery(m redis.XMessage, deliveries int64) gateway.Delivery {
	body, _ := m.Values["event"].(string) // what has none is poison, and found out as such
	return gateway.Delivery{ID: m.ID, Body: []byte(body), Deliveries: deliveries}
}

// Count implements gateway.EventStore.
func (s *Store) Count(t *loop.Task, id string, sale gateway.Sale) error {
	return s.change(t, "count", group, id, sale.Tenant+"/"+string(sale.Status), sale.Orders, int64(sale.Total))
}

// Bury implements gateway.EventStore.
func (s *Store) Bury(t *loop.Task, d gateway.Delivery, reason string) error {
	return s.change(t, "bury", group, d.ID, d.Body, d.Deliveries, reason)
}

// Sales implements gateway.EventStore.
func (s *Store) Sales(t *loop.Task) ([]gateway.Sale, error) {
	key := s.redis.Key("sales")
	sums, err := service.RedisDo(t, s.batch, "sales", func(ctx context.Context, c *redis.Client) (map[string]string, error) {
		return c.HGetAll(ctx, key).Result()
	})
	if err != nil {
		return nil, err
	}
	return sales(sums)
}

// sales reads the tally, of which a field is TENANT/STATUS/orders or TENANT/STATUS/total.
func sales(sums map[string]string) ([]gateway.Sale, error) {
	all := make([]gateway.Sale, 0, len(sums)/2)
	for field, orders := range sums {
		name, isOrders := strings.CutSuffix(field, "/orders")
		if !isOrders {
			continue
		}
		tenant, status, _ := strings.Cut(name, "/")
		sale := gateway.Sale{Tenant: tenant, Status: shop.OrderStatus(status)}
		var err error
		if sale.Orders, err = strconv.ParseInt(orders, 10, 64); err != nil {
			return nil, err
		}
		total, err := strconv.ParseInt(sums[name+"/total"], 10, 64)
		if err != nil {
			return nil, err
		}
		sale.Total = shop.Amount(total)
		all = append(all, sale)
	}
	slices.SortFunc(all, func(a, b gateway.Sale) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Status, b.Status))
	})
	return all, nil
}

// Lag implements gateway.EventStore.
func (s *Store) Lag(t *loop.Task, limit int) (gateway.Lag, error) {
	stream := s.redis.Key("events")
	return service.RedisDo(t, s.batch, "lag", func(ctx context.Context, c *redis.Client) (gateway.Lag, error) {
		groups, err := c.XInfoGroups(ctx, stream).Result()
		if err != nil && !strings.Contains(err.Error(), "no such key") {
			return gateway.Lag{}, err
		}
		lag, from := gateway.Lag{}, "-"
		for _, g := range groups { // one, once events were asked for
			lag.Uncounted, from = g.Pending, "("+g.LastDeliveredID
		}
		waiting, err := c.XRangeN(ctx, stream, from, "+", int64(limit)).Result()
		lag.Undelivered = int64(len(waiting))
		return lag, err
	})
}

// Dead implements gateway.EventStore.
func (s *Store) Dead(t *loop.Task) (int64, error) {
	key := s.redis.Key("dead")
	return service.RedisDo(t, s.batch, "dead", func(ctx context.Context, c *redis.Client) (int64, error) {
		return c.XLen(ctx, key).Result()
	})
}
