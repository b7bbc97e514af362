package room

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// maxLooks bounds the looks that are remembered; pages and what is asked of them are few.
const maxLooks = 64

// A cache remembers what was seen for a while, so that many readers cost the shop no more than one.
// Its zero value is empty.
type cache[T any] struct {
	most  int // looks that are remembered; 0 means maxLooks
	mu    sync.Mutex
	looks map[string]*look[T]
}

// A look is what was seen, or what is being looked at.
type look[T any] struct {
	done  chan struct{} // closed when seen and err are set
	until time.Time     // from when on it is too old, once it has been made
	seen  T
	err   error
}

// get returns what see returns for a key, or has returned since less than its validity. Of those who ask
// at the same time, one sees. A reader who leaves makes no difference to the others.
func (c *cache[T]) get(ctx context.Context, key string, valid time.Duration, see func() (T, error)) (T, error) {
	l, ours := c.find(key, time.Now().Add(valid))
	if ours {
		l.fill(see)
	}
	select {
	case <-l.done:
		return l.seen, l.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// find returns the look of a key, and whether it is the caller's to make.
func (c *cache[T]) find(key string, until time.Time) (l *look[T], ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l = c.looks[key]; l != nil && l.fresh() {
		return l, false
	}
	c.makeRoom()
	l = &look[T]{done: make(chan struct{}), until: until}
	c.looks[key] = l
	return l, true
}

// makeRoom makes room for one more look: what is too old is nothing but memory.
func (c *cache[T]) makeRoom() {
	maps.DeleteFunc(c.looks, func(_ string, l *look[T]) bool { return !l.fresh() })
	if c.looks == nil || len(c.looks) >= cmp.Or(c.most, maxLooks) {
		c.looks = map[string]*look[T]{}
	}
}

// failureTime is how long a look that failed is remembered, if not less.
const failureTime = 10 * time.Second

// fill looks, and tells those who wait for it also if that panics.
func (l *look[T]) fill(see func() (T, error)) {
	defer func() {
		if soon := time.Now().Add(failureTime); l.err != nil && soon.Before(l.until) {
			l.until = soon
		}
		close(l.done)
	}()
	l.err = errors.New("it could not be looked at")
	l.seen, l.err = see()
}

// fresh says whether a look is not too old. One that is being made is not, however long that takes: a shop
// that is slow to answer is asked no more often.
func (l *look[T]) fresh() bool {
	select {
	case <-l.done:
		return time.Now().Before(l.until)
	default:
		return true
	}
}

// forget has all be looked at anew.
func (c *cache[T]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks = nil
}

// A broadcast tells all who wait for it. Its zero value is usable.
type broadcast struct {
	mu   sync.Mutex
	next chan struct{}
}

// told returns a channel that is closed by the next tell.
func (b *broadcast) told() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// tell wakes those who wait.
func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
