package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"brownout/internal/shop"
)

// MaxLoadPause bounds how long the background load can be made to pause: whoever asked
// for it may be gone.
const MaxLoadPause = 5 * time.Minute

// maxPauses bounds how many ask for a pause at a time.
const maxPauses = 64

// A background is the load that runs beside everything, and can be made to pause. It is away
// until it comes. Any goroutine may call its methods.
type background struct {
	supervisor *Supervisor
	until      context.Context

	mu      sync.Mutex
	spec    Spec // none if its name is empty
	running bool
	ended   bool                 // no load begins any more
	pauses  map[string]time.Time // when each ends, by whoever asked for it
	timer   *time.Timer          // that ends the last of them
}

// come has a load begin, now or when the last pause has ended.
func (b *background) come(load Spec) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spec = load
	return b.settle()
}

// leave stops the load, whether or not it pauses, and has none begin until one comes.
func (b *background) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halt()
	b.spec = Spec{}
}

// start starts the load, unless it runs or a pause has not ended.
func (b *background) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settle()
}

// settle starts the load if it should run, and otherwise sees to it that it will. A timer
// that comes too late, for a pause that was made longer, finds that it should not.
func (b *background) settle() error {
	if b.timer != nil {
		b.timer.Stop()
	}
	if rest := b.rest(time.Now()); rest > 0 {
		b.timer = time.AfterFunc(rest, func() { _ = b.start() }) // a load that cannot start is seen by its absence
		return nil
	}
	if b.running || b.spec.Name == "" || b.ended {
		return nil
	}
	_, err := b.supervisor.Start(b.until, b.spec)
	b.running = err == nil
	return err
}

// rest forgets the pauses that are over, and returns how long the others last.
func (b *background) rest(now time.Time) time.Duration {
	var longest time.Duration
	for by, end := range b.pauses {
		if !now.Before(end) {
			delete(b.pauses, by)
			continue
		}
		longest = max(longest, end.Sub(now))
	}
	return longest
}

// pause stops the load, and has it go on after d, if no other pause is longer. Whoever has
// a pause already begins it anew.
func (b *background) pause(by string, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest(time.Now())
	if _, again := b.pauses[by]; !again && len(b.pauses) >= maxPauses {
		return &shop.Error{Code: shop.CodeRateLimited, Message: fmt.Sprintf("there are %d pauses already", maxPauses)}
	}
	b.halt()
	if b.pauses == nil {
		b.pauses = map[string]time.Time{}
	}
	b.pauses[by] = time.Now().Add(d)
	return b.settle()
}

// halt stops the load, and waits for what it has in flight.
func (b *background) halt() {
	if b.running {
		b.supervisor.Stop(b.spec.Name)
		b.running = false
	}
}

// resume ends a pause, and starts the load if it was the last one.
func (b *background) resume(by string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pauses, by)
	return b.settle()
}

// end has no load begin any more; one that runs goes on.
func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
