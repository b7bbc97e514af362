package loadgen

import (
	"math/rand/v2"
	"sync"

	"brownout/internal/shop"
)

// A placed order is one that was acknowledged to a customer as confirmed.
type placed struct {
	customer *customer
	id       string
	total    shop.Amount
}

// maxOrders bounds the orders that are remembered.
const maxOrders = 10_000

// orders remembers what was ordered, to look at it or refund it later. Any goroutine may
// use it.
type orders struct {
	mu     sync.Mutex
	list   []placed
	oldest int // once the list is full
}

// add remembers an order, in the place of the oldest one if there are too many.
func (o *orders) add(p placed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) < maxOrders {
		o.list = append(o.list, p)
		return
	}
	o.list[o.oldest] = p
	o.oldest = (o.oldest + 1) % maxOrders
}

// pick returns any order.
func (o *orders) pick(random *rand.Rand) (placed, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		return placed{}, false
	}
	return o.list[random.IntN(len(o.list))], true
}

// take returns any order and forgets it, so that it is refunded once.
func (o *orders) take(random *rand.Rand) (placed, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		return placed{}, false
	}
	i, last := random.IntN(len(o.list)), len(o.list)-1
	taken := o.list[i]
	o.list[i] = o.list[last]
	o.list = o.list[:last]
	o.oldest = 0
	return taken, true
}
