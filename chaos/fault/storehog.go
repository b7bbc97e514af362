package fault

import (
	"context"
	"slices"
	"strings"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A Store is a service's way to its data, over a few connections. Classes of commands may
// have connections of their own.
type Store interface {
	// Classes returns the names of the classes. Any goroutine may call it.
	Classes() []string
	// Occupy has a command of a class hold a connection for d, or until stopped says so; the
	// error is why it got none, or lost it. It belongs to the loop; stopped does not.
	Occupy(t *loop.Task, class string, d time.Duration, stopped func() bool) error
}

// storeHog is what slow commands do to a store's connections: they hold them, and all other
// commands wait, while the store itself has nothing to do.
func storeHog(h Host) Kind {
	return Kind{
		Name:    "store.hog",
		Summary: "Holds the service's connections to its store with slow commands: other commands wait.",
		Missing: missing(h.Store != nil && h.Loop != nil, "store with connections"),
		Params: []Param{
			{Name: "class", Help: "the class of the commands", Type: Text, Default: "default"},
			{Name: "commands", Help: "how many there are at a time", Type: Int, Default: "4", Min: "1", Max: "4096"},
			{Name: "for", Help: "how long each holds a connection", Type: Duration, Default: "200ms", Min: "1ms", Max: "1m"},
		},
		Start: func(i *Injection) error {
			class, all := i.Text("class"), h.Store.Classes()
			if !slices.Contains(all, class) {
				return shop.Invalid(paramPointer("class"), "is not a class of this store; there are "+strings.Join(all, ", "))
			}
			occupier := &occupier{injection: i, store: h.Store, class: class, length: i.Duration("for")}
			return post(h.Loop, i.spec.Fault, i.Done(), func() { occupier.begin(h.Loop, i.Int("commands")) })
		},
	}
}

// An occupier has commands hold connections until its injection ends. It belongs to a loop.
type occupier struct {
	injection *Injection
	store     Store
	class     string
	length    time.Duration
}

// begin has as many commands as commands says come one after the other, side by side.
func (o *occupier) begin(l *loop.Loop, commands int) {
	ctx, cancel := context.WithCancel(background)
	o.injection.OnEnd(cancel) // those that wait for a connection leave
	for range commands {
		l.Spawn(ctx, o.injection.spec.Fault, o.run)
	}
}

// run is a task. Each command is a possible hit. One that found no connection comes again
// after a pause, which is drawn so that they do not come all together.
func (o *occupier) run(t *loop.Task) {
	for !o.injection.spent() {
		if o.injection.Hits() && o.store.Occupy(t, o.class, o.length, o.injection.Stopped) == nil {
			continue
		}
		if t.Sleep(o.injection.Jitter(resubmit, resubmit)) != nil {
			return
		}
	}
}
