package fault

import "brownout/internal/shop"

// A Redis is the one of a shop, as its keeper sees it. Any goroutine may call the methods. An
// error says why this Redis cannot be treated so.
type Redis interface {
	// Flush forgets all data of the shop, and returns how many keys that were.
	Flush() (keys int, err error)
	// Refuse has all connections closed, and refused from then on, until restore is called.
	Refuse() (restore func(), err error)
}

// redisFlush is a Redis that comes back empty.
func redisFlush(h Host) Kind {
	return Kind{
		Name:    "redis.flush",
		Summary: "Forgets all data in the shop's Redis.",
		Missing: missing(h.Redis != nil, "Redis"),
		Start: func(i *Injection) error {
			keys, err := h.Redis.Flush()
			if err != nil {
				return shop.Invalid("/fault", err.Error())
			}
			for range keys {
				i.Hit()
			}
			return nil
		},
	}
}

// redisDown is a Redis that is not there.
func redisDown(h Host) Kind {
	return Kind{
		Name:    "redis.down",
		Summary: "Has the shop's Redis close all connections and refuse new ones.",
		Missing: missing(h.Redis != nil, "Redis"),
		Start: func(i *Injection) error {
			restore, err := h.Redis.Refuse()
			if err != nil {
				return shop.Invalid("/fault", err.Error())
			}
			i.Hit()
			i.OnEnd(restore)
			return nil
		},
	}
}
