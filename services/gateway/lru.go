package gateway

// An lru is a map of bounded size that forgets what was not looked up for longest.
type lru[K comparable, V any] struct {
	most    int
	entries map[K]*lruEntry[K, V]
	root    lruEntry[K, V] // of a ring: next is the newest, prev the oldest
}

type lruEntry[K comparable, V any] struct {
	key        K
	value      V
	prev, next *lruEntry[K, V]
}

func newLRU[K comparable, V any](most int) *lru[K, V] {
	c := &lru[K, V]{most: most}
	c.clear()
	return c
}

// get returns the value of a key, and makes it the newest.
func (c *lru[K, V]) get(key K) (v V, ok bool) {
	e := c.entries[key]
	if e == nil {
		return v, false
	}
	c.renew(e)
	return e.value, true
}

// put sets the value of a key, and makes it the newest. What a full map had oldest goes;
// put says whether anything went.
func (c *lru[K, V]) put(key K, v V) (evicted bool) {
	if e := c.entries[key]; e != nil {
		e.value = v
		c.renew(e)
		return false
	}
	if evicted = len(c.entries) >= c.most; evicted {
		oldest := c.root.prev
		oldest.unlink()
		delete(c.entries, oldest.key)
	}
	e := &lruEntry[K, V]{key: key, value: v}
	c.entries[key] = e
	c.link(e)
	return evicted
}

func (c *lru[K, V]) remove(key K) {
	if e := c.entries[key]; e != nil {
		e.unlink()
		delete(c.entries, key)
	}
}

func (c *lru[K, V]) len() int { return len(c.entries) }

// each calls fn for every value, the newest first.
func (c *lru[K, V]) each(fn func(V)) {
	for e := c.root.next; e != &c.root; e = e.next {
		fn(e.value)
	}
}

func (c *lru[K, V]) clear() {
	c.entries = make(map[K]*lruEntry[K, V])
	c.root.prev, c.root.next = &c.root, &c.root
}

// renew makes an entry the newest.
func (c *lru[K, V]) renew(e *lruEntry[K, V]) {
	if c.root.next != e {
		e.unlink()
		c.link(e)
	}
}

func (c *lru[K, V]) link(e *lruEntry[K, V]) {
	e.prev, e.next = &c.root, c.root.next
	e.prev.next, e.next.prev = e, e
}

func (e *lruEntry[K, V]) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
}
