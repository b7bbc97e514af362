package service

import (
	"cmp"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// defaultClass has the operations for which there is no other.
const defaultClass = "default"

// connections are some to a Redis, and the operations that wait for one.
type connections struct {
	client   *redis.Client
	group    *loop.Group
	bulkhead *resilience.Compartment
	acquire  *resilience.Acquirer
}

func newConnections(rt *Runtime, class string, c RedisConfig) *connections {
	target := "redis"
	if class != defaultClass {
		target += "-" + class
	}
	client := redis.NewClient(redisOptions(c))
	client.AddHook(contact{})
	rt.Loop.OnClose(target, func() { _ = client.Close() }) // nothing is in flight any more
	group := rt.Group(c.InFlight, c.Queue)
	telemetry.NewConnectionMetrics(rt.Metrics).Watch(class, group.InFlight)
	return &connections{
		client:   client,
		group:    group,
		bulkhead: resilience.NewConnectionBulkhead(rt.Protections, target, group, c.InFlight, c.Queue),
		acquire:  resilience.NewAcquireTimeout(rt.Protections, target, c.Acquire),
	}
}

func redisOptions(c RedisConfig) *redis.Options {
	return &redis.Options{
		Addr:                  c.Addr,
		Password:              c.Password,
		MaxRetries:            -1,
		ContextTimeoutEnabled: true,
		PoolSize:              c.InFlight,
		PoolTimeout:           c.Timeout / 2, // sooner than the operation, so that it is known not to be sent
		DialTimeout:           c.Timeout,
		ReadTimeout:           MaxTimeout,
		WriteTimeout:          MaxTimeout,
		DialerRetries:         1,
	}
}

func (c RedisConfig) withDefaults() RedisConfig {
	c.Timeout = cmp.Or(max(c.Timeout, 0), time.Second)
	c.Acquire = cmp.Or(max(c.Acquire, 0), c.Timeout/4)
	c.InFlight = cmp.Or(max(c.InFlight, 0), 64)
	c.Queue = cmp.Or(max(c.Queue, 0), 4096)
	return c
}

// Class makes a way to the same data for operations of one kind, which, while the
// bulkhead protection is on, have connections of their own: so many, but no more than r
// has, and so many may wait for one. While it is off, they take those of r. On the loop
// only.
func (r *Redis) Class(name string, inFlight, queue int) *Redis {
	c := r.config
	c.InFlight, c.Queue = min(inFlight, c.InFlight), queue
	class := *r
	class.config = c.withDefaults()
	class.own = newConnections(r.runtime, name, class.config)
	r.classes[name] = &class
	return &class
}

// connections are those that an operation may take now.
func (r *Redis) connections() *connections {
	if r.bulkheads.On() {
		return r.own
	}
	return r.shared
}
