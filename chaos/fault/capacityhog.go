package fault

import (
	"context"
	"time"

	"brownout/internal/loop"
)

// A Crew is workers that can be given work of no importance. Occupy has one of them do it for
// so long, in its turn; it belongs to the loop.
type Crew interface {
	Occupy(t *loop.Task, takes time.Duration) error
}

// capacityHog is work of no importance that wants the workers which important work needs.
func capacityHog(h Host) Kind {
	const name = "capacity.hog"
	return Kind{
		Name:    name,
		Summary: "Has workers of inventory do batch work, too: other work waits behind it, or passes it.",
		Missing: missing(h.Crew != nil && h.Loop != nil, "workers that do batch work"),
		Params: []Param{
			{Name: "jobs", Help: "how many want a worker at a time", Type: Int, Default: "64", Min: "1", Max: "4096"},
			{Name: "for", Help: "how long each takes a worker", Type: Duration, Default: "100ms", Min: "1ms", Max: "1m"},
		},
		Start: func(i *Injection) error {
			ctx, cancel := context.WithCancel(background)
			i.OnEnd(cancel) // those that wait give up their turns
			b := &batch{injection: i, crew: h.Crew, takes: i.Duration("for")}
			return post(h.Loop, name, i.Done(), func() {
				for range i.Int("jobs") {
					h.Loop.Spawn(ctx, name, b.run)
				}
			})
		},
	}
}

// A batch is jobs of which each begins again as soon as it has ended. It belongs to the loop.
type batch struct {
	injection *Injection
	crew      Crew
	takes     time.Duration
}

// run is one job. Each time it begins is a possible hit.
func (b *batch) run(t *loop.Task) {
	for t.Err() == nil && !b.injection.spent() {
		if !b.injection.Hits() || b.crew.Occupy(t, b.takes) != nil {
			_ = t.Sleep(resubmit) // it is asked above whether that is all
		}
	}
}
