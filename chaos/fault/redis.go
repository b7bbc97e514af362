package fault

import (
	"errors"

	"brownout/internal/shop"
)

// A Redis is the one of a shop, as its keeper sees it. Any goroutine may call the methods. An
// error says why this Redis cannot be treated so.
type Redis interface {
	// Flush forgets all data of the shop, and returns how many keys that were. confirm must name
	// what is lost, as its keeper calls it. over is called when the fault ends; it does not block.
	Flush(confirm string) (keys int, over func(), err error)
	// Refuse has all connections closed, and refused from then on, until restore is called.
	Refuse() (restore func(), err error)
}

// redisFlush is a Redis that comes back empty. Data do not come back when the fault ends, so it asks
// for a word more than others.
func redisFlush(h Host) Kind {
	return Kind{
		Name:    "redis.flush",
		Summary: "Forgets all data in the shop's Redis, for good; outside of a drill, a new epoch begins when the fault ends.",
		Missing: missing(h.Redis != nil, "Redis"),
		Params:  []Param{{Name: "confirm", Help: "the epoch whose data are to go", Type: Text}},
		Start: func(i *Injection) error {
			keys, over, err := h.Redis.Flush(i.Text("confirm"))
			if err != nil {
				return refusedBy(err)
			}
			i.OnEnd(over)
			for range keys {
				i.Hit()
			}
			return nil
		},
	}
}

// refusedBy is what a keeper says of a fault that it cannot have; it may know the place.
func refusedBy(err error) error {
	if _, placed := errors.AsType[*shop.Error](err); placed {
		return err
	}
	return shop.Invalid("/fault", err.Error())
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
				return refusedBy(err)
			}
			i.Hit()
			i.OnEnd(restore)
			return nil
		},
	}
}
