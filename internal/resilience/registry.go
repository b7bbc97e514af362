package resilience

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// A Registry holds the switches of all protections of a service. Any goroutine may
// use it. The protections start on, as far as [Name.StartsOn] says.
type Registry struct {
	mu       sync.Mutex // over changes of the switches and what follows from them
	switches map[Name]*Switch
	metrics  *metrics

	describing   sync.Mutex // over descriptions
	descriptions map[place]func() string
}

// A place is where a protection stands: before a downstream, say.
type place struct {
	name   Name
	target string
}

// NewRegistry makes a registry whose metrics are registered with reg, or nowhere if
// reg is nil. It panics if reg has the metrics of a registry already: those of
// services of one process must differ by a label, as prometheus.WrapRegistererWith
// adds it.
func NewRegistry(reg prometheus.Registerer) *Registry {
	r := &Registry{
		switches:     make(map[Name]*Switch, len(helps)),
		metrics:      newMetrics(reg),
		descriptions: map[place]func() string{},
	}
	for _, h := range helps {
		s := &Switch{mu: &r.mu, enabled: r.metrics.enabled.WithLabelValues(string(h.name))}
		s.on.Store(h.name.StartsOn())
		s.show()
		r.switches[h.name] = s
	}
	return r
}

// Switch returns the switch of a protection. It panics if there is none of that name,
// for names are part of the program.
func (r *Registry) Switch(n Name) *Switch {
	s := r.switches[n]
	if s == nil {
		panic(fmt.Sprintf("resilience: no protection %q", n))
	}
	return s
}

// Set turns protections on and off; those not in states stay as they are. When it
// returns, what the protections guard has been told. If a name is unknown, it changes
// nothing and says which.
func (r *Registry) Set(states map[Name]bool) error {
	names := slices.Sorted(maps.Keys(states))
	for _, n := range names {
		if r.switches[n] == nil {
			return fmt.Errorf("unknown protection %q", printable(string(n)))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range names {
		r.switches[n].set(states[n])
	}
	return nil
}

// printable bounds a name that somebody has typed.
func printable(name string) string {
	const most = 64
	if len(name) > most {
		return name[:most] + "…"
	}
	return name
}

// A State is a protection as it stands.
type State struct {
	Name Name   `json:"name"`
	Help string `json:"help"`
	On   bool   `json:"on"`
	// Details says more about single places, as in "bank-a: open".
	Details []string `json:"details,omitempty"`
}

// States returns all protections as they stand, sorted by name.
func (r *Registry) States() []State {
	states := make([]State, 0, len(helps))
	for _, h := range helps {
		states = append(states, State{h.name, h.help, r.switches[h.name].On(), r.details(h.name)})
	}
	return states
}

// details asks the places of a protection for theirs, without a lock.
func (r *Registry) details(n Name) (details []string) {
	r.describing.Lock()
	all := maps.Clone(r.descriptions)
	r.describing.Unlock()
	for p, describe := range all {
		if p.name == n {
			details = append(details, p.target+": "+describe())
		}
	}
	slices.Sort(details)
	return details
}

// describe has fn, which any goroutine may call, say how a protection stands at a
// target. The last one for a target counts.
func (r *Registry) describe(g *guard, fn func() string) {
	r.describing.Lock()
	defer r.describing.Unlock()
	r.descriptions[place{g.name, g.label}] = fn
}
