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
	open  []*passage          // the requests that this life has in its hands, the oldest first
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

// crash ends the life in the middle of whatever it does. In one crash of two, as of a
// process, callers hear at once; in the other, as of a machine, they hear nothing.
func (n *node) crash(downtime time.Duration, heard bool) {
	if n.life == nil {
		return
	}
	w, ended, open := n.world, n.life, n.open
	n.life, n.desk, n.open = nil, nil, nil
	tasks := w.loop.Abandon(func(ctx context.Context) bool { return ctx.Value(lifeKey{}) == ended })
	w.note(Crash, "%s with %d tasks and %d requests, down for %v", n.name, tasks, len(open), downtime)
	if heard {
		for _, p := range open {
			p.reset()
		}
	}
	w.loop.SetTimeout("restart", downtime, func() { n.restart() })
}

func (n *node) restart() {
	if n.life == nil {
		n.world.note(Restart, "%s", n.name)
		n.start()
	}
}

// plan draws the crashes of a run.
func (w *world) planCrashes() {
	r := w.chance("crashes")
	for range w.config.Faults.Crashes {
		n := w.nodes[r.IntN(len(w.nodes))]
		at, downtime, heard := between(r, 0, w.config.Duration), between(r, time.Millisecond, 3*time.Second), r.IntN(2) == 0
		w.loop.SetTimeout("crash", at, func() {
			if w.rough {
				n.crash(downtime, heard)
			}
		})
	}
}
