package pool

import "time"

// SetShed has fn asked, before a job of the class is taken from the queue, with how long
// the oldest there has waited. With an error of fn, that oldest one is dropped instead,
// unstarted and with this error, and fn is asked again. Of a job that need not wait, fn is
// told a wait of 0, and its answer does not matter. Fn is called under the pool's lock: it
// must be quick and must not call the pool. Nil, as in the beginning, sheds nothing.
func (c *Class) SetShed(fn func(oldest time.Duration) error) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.shed = fn
}

// SetNewestFirst has fn asked, before a job of the class is taken from the queue, with
// how long the oldest there has waited, whether the newest goes first instead; among
// classes that one then counts. Taken is called when that one is taken before another. What
// was said of SetShed's function holds for both.
func (c *Class) SetNewestFirst(fn func(oldest time.Duration) bool, taken func()) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.newestFirst, c.outOfTurn = fn, taken
}

// remove takes an entry, which must be the first or the last, from the queue. pool.mu is
// held.
func (c *Class) remove(e *entry) {
	if e != c.queue.first() {
		c.outOfTurn()
	}
	c.queue.remove(e)
}

// oldest is how long the first in the queue, which is not empty, has waited.
func (c *Class) oldest(now int64) time.Duration {
	return time.Duration(max(0, now-c.queue.first().queued))
}

// front is the entry that would be taken next. The queue is not empty. pool.mu is held.
func (c *Class) front(now int64) *entry {
	if c.newestFirst != nil && c.newestFirst(c.oldest(now)) {
		return c.queue.last()
	}
	return c.queue.first()
}

// ripe is the entry to be taken instead of e: the oldest, marked to be dropped, if it has
// waited too long, otherwise e. pool.mu is held.
func (c *Class) ripe(e *entry, now int64) *entry {
	if c.shed == nil {
		return e
	}
	if err := c.shed(c.oldest(now)); err != nil {
		e = c.queue.first()
		e.shed = err
	}
	return e
}

// startsAtOnce tells of a job that need not wait. pool.mu is held.
func (c *Class) startsAtOnce() {
	if c.shed != nil {
		_ = c.shed(0)
	}
}
