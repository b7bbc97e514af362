package loop

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// A Group bounds the calls in flight to one downstream. Calls over the limit
// wait their turn, first come, first served unless SetNewestFirst says otherwise, in a
// queue that is bounded too. Its bounds can be changed and looked at from any goroutine.
type Group struct {
	loop     *Loop
	executor Executor
	limit    atomic.Int64
	queue    atomic.Int64
	running  int
	waiting  list[reaction]

	shed        func(oldest time.Duration) error
	newestFirst func(oldest time.Duration) bool
	outOfTurn   func() // told when the newest was let in before another

	published struct{ running, waiting gauge }
}

// GroupConfig says how a group works.
type GroupConfig struct {
	// Limit bounds the calls in flight; 0 means no limit but the loop's own.
	Limit int
	// Queue bounds the calls that wait for their turn; those over it fail with
	// ErrFull at once. 0 means that none waits.
	Queue int
	// Executor runs the calls; nil means a goroutine for each. A simulation
	// puts its own here.
	Executor Executor
}

// NewGroup makes a group of the loop.
func NewGroup(l *Loop, config GroupConfig) *Group {
	g := &Group{loop: l, executor: config.Executor}
	g.limit.Store(int64(config.Limit))
	g.queue.Store(int64(config.Queue))
	if g.executor == nil {
		g.executor = Goroutines{}
	}
	return g
}

// SetLimit changes the bounds of the group. Calls in flight are not affected;
// calls that wait go on as soon as the loop hears of a higher limit. Any goroutine
// may call it.
func (g *Group) SetLimit(limit, queue int) {
	g.limit.Store(int64(limit))
	g.queue.Store(int64(queue))
	g.loop.Post("group limit", g.admit) // if refused, the next call that ends does it
}

// InFlight returns how many calls run, and how many wait for their turn. Any
// goroutine may call it.
func (g *Group) InFlight() (running, waiting int) {
	return g.published.running.int(), g.published.waiting.int()
}

func (g *Group) publish() {
	g.published.running.set(uint64(g.running))
	g.published.waiting.set(uint64(g.waiting.len))
}

func (g *Group) free() bool {
	limit := int(g.limit.Load())
	return limit <= 0 || g.running < limit
}

// Enter takes a place in the group, and waits for one if it must, as Go does first: for who
// has a limit of its own for that wait. Without an error, GoInside must be called next.
func (g *Group) Enter(t *Task) error { return g.enter(t) }

// enter takes a place in the group, and waits for one if it must.
func (g *Group) enter(t *Task) error {
	defer g.publish()
	g.admit() // nobody overtakes those whom a higher limit lets in
	if g.free() {
		g.startsAtOnce()
		g.running++
		return nil
	}
	if g.waiting.len >= int(g.queue.Load()) && t.Err() == nil {
		return ErrFull
	}
	if err := t.mayWait(); err != nil {
		return err
	}
	return g.queueUp(t)
}

// leave gives a place back, to the next in line if there is one.
func (g *Group) leave() {
	g.running--
	g.admit()
}

// admit gives free places to the tasks that are next in line. A task that was
// woken is no longer interrupted, so the place is never lost.
func (g *Group) admit() {
	for g.free() && !g.waiting.empty() {
		g.turnAway()
		if next := g.next(); next != nil {
			g.running++
			next.unlink()
			next.owner.task.wake()
		}
	}
	g.publish()
}

// Goroutines is the Executor that runs every job on a goroutine of its own: what a
// group uses unless told otherwise.
type Goroutines struct{}

// Submit starts the job. Any goroutine may call it.
func (Goroutines) Submit(ctx context.Context, job Job) error {
	go func() {
		ended := false
		defer func() {
			if !ended {
				callDied(job, recover())
			}
		}()
		job.Run(ctx)
		ended = true
	}()
	return nil
}

// callDied ends the process with the name of a call that panicked or called
// runtime.Goexit, for which its task would wait for ever.
func callDied(job Job, reason any) {
	fmt.Fprintf(os.Stderr, "loop: a call of %q died\n", job.Name())
	if reason == nil {
		reason = "loop: a call has called runtime.Goexit"
	}
	panic(reason)
}
