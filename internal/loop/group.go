package loop

import "context"

// A Group bounds the calls in flight to one downstream. Calls over the limit
// wait their turn, first come, first served, in a queue that is bounded too. It
// is for the loop only.
type Group struct {
	loop     *Loop
	limit    int
	queue    int
	running  int
	waiting  list[reaction]
	executor Executor
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
	g := &Group{loop: l, limit: config.Limit, queue: config.Queue, executor: config.Executor}
	if g.executor == nil {
		g.executor = spawning{}
	}
	return g
}

// SetLimit changes the bounds of the group. Calls in flight are not affected.
func (g *Group) SetLimit(limit, queue int) {
	g.limit, g.queue = limit, queue
	for g.free() && !g.waiting.empty() {
		g.admit()
	}
}

// InFlight returns how many calls run, and how many wait for their turn.
func (g *Group) InFlight() (running, waiting int) { return g.running, g.waiting.len }

func (g *Group) free() bool { return g.limit <= 0 || g.running < g.limit }

// enter takes a place in the group, and waits for one if it must.
func (g *Group) enter(t *Task) error {
	if g.free() {
		g.running++
		return nil
	}
	if g.waiting.len >= g.queue && t.Err() == nil {
		return ErrFull
	}
	if err := t.mayWait(); err != nil {
		return err
	}
	g.waiting.push(&t.wait)
	return t.park()
}

// leave gives a place back, to the next in line if there is one.
func (g *Group) leave() {
	g.running--
	if g.free() && !g.waiting.empty() {
		g.admit()
	}
}

// admit gives a place to the task that waits longest. A task that was woken is
// no longer interrupted, so the place is never lost.
func (g *Group) admit() {
	g.running++
	g.waiting.pop().owner.task.wake()
}

// spawning runs every job on a goroutine of its own.
type spawning struct{}

func (spawning) Submit(ctx context.Context, job Job) error {
	go job.Run(ctx)
	return nil
}
