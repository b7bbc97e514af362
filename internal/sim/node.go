package sim

import (
	"context"
	"fmt"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A node is a service that can crash. What it keeps in a store survives; its tasks, its
// caches and its protections do not.
type node struct {
	world *world
	name  string
	build func(rt *service.Runtime) service.Service

	lives int                 // begun so far
	life  *life               // nil while it is down
	desk  *service.Dispatcher // of this life
	open  []*passage          // the requests in the hands of this life, the oldest first
}

// A life is one of a node. The contexts of its tasks carry it.
type life struct{ node *node }

type lifeKey struct{}

func (w *world) add(name string, build func(rt *service.Runtime) service.Service) *node {
	n := &node{world: w, name: name, build: build}
	w.nodes = append(w.nodes, n)
	return n
}

// start begins a life, unless there is one.
func (n *node) start() {
	if n.life != nil {
		return
	}
	n.lives++
	n.life = &life{n}
	rt := n.world.runtime(fmt.Sprint(n.name, " ", n.lives))
	n.world.tell("start", "%s", rt.Name)
	base := context.WithValue(context.Background(), lifeKey{}, n.life) // without an end: it is abandoned
	n.desk = service.NewDispatcher(rt, n.build(rt), service.DispatcherConfig{Base: base})
	n.desk.StartBackground(base)
}

// runtime makes one with a chance of its own and the protections of the configuration.
func (w *world) runtime(name string) *service.Runtime {
	rt := service.Simulate(w.loop, service.SimulateConfig{Name: name, Seed: w.chance(name).Uint64(), Delay: w.delay, Log: w.log(name)})
	states := map[resilience.Name]bool{}
	for _, name := range w.config.Off {
		states[name] = false
	}
	if err := rt.Protections.Set(states); err != nil {
		panic(err) // Run has checked the names
	}
	return rt
}

// end ends the life in the middle of whatever it does, and returns the requests that
// were in its hands.
func (n *node) end() (open []*passage) {
	ended := n.life
	if ended == nil {
		return nil
	}
	n.life, n.desk, open, n.open = nil, nil, n.open, nil
	tasks := n.world.loop.Abandon(func(ctx context.Context) bool { return ctx.Value(lifeKey{}) == ended })
	n.world.tell("end", "%s with %d tasks and %d requests", n.name, tasks, len(open))
	return open
}

// A crash ends the life of a node for a while.
type crash struct {
	node     *node
	downtime time.Duration
	heard    bool // callers hear at once, as when a process dies; otherwise nothing, as when a machine does
}

const maxDowntime = 3 * time.Second

// planCrashes draws the crashes of a run.
func (w *world) planCrashes() {
	r := w.chance("crashes")
	for range w.config.Faults.Crashes {
		at := between(r, 0, w.config.Duration)
		c := crash{w.nodes[r.IntN(len(w.nodes))], between(r, time.Millisecond, maxDowntime), r.IntN(2) == 0}
		w.loop.SetTimeout("crash", at, c.strike)
	}
}

// strike does nothing to a node that is down.
func (c crash) strike() {
	n := c.node
	if n.life == nil || !n.world.rough {
		return
	}
	n.world.note(Crash, "%s for %v", n.name, c.downtime)
	for _, p := range n.end() {
		if c.heard {
			p.reset()
		}
	}
	n.world.loop.SetTimeout("restart", c.downtime, n.start)
}
