package fault

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

const (
	// MaxActive bounds the injections that are active in a process at a time.
	MaxActive = 64
	// maxEnded bounds the ended ones that are remembered.
	maxEnded = 64
)

// Config says how an injector works. The zero value is one of no kinds, that nobody
// hears of.
type Config struct {
	// Kinds are what it can inject, mostly those of a Catalogue.
	Kinds []Kind
	// Metrics is where chaos_fault_active and chaos_fault_hits_total are registered;
	// nil for none.
	Metrics prometheus.Registerer
	// Log is the audit log: a line for each change. Nil for none.
	Log *slog.Logger
}

// An Injector holds the faults of one process. Any goroutine may call its methods; none
// of them waits for a loop or a pool.
type Injector struct {
	kinds   []Kind
	tallies map[string]*tally
	log     *slog.Logger
	prefix  string // of ids: one process's are never another's

	mu     sync.Mutex
	count  int          // of all injections so far
	active []*Injection // in the order in which they began
	ended  []*Injection // the last ones, likewise
}

// New makes an injector. It panics if a kind is there twice or contradicts itself.
func New(c Config) *Injector {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	in := &Injector{
		kinds:   sorted(c.Kinds),
		tallies: map[string]*tally{},
		log:     c.Log,
		prefix:  strings.ToLower(rand.Text()[:4]),
	}
	for i := range in.kinds {
		k := &in.kinds[i]
		k.mustBeSound()
		if in.tallies[k.Name] != nil {
			panic(fmt.Sprintf("fault: kind %s is there twice", k.Name))
		}
		in.tallies[k.Name] = &tally{}
	}
	if c.Metrics != nil {
		c.Metrics.MustRegister(newCollector(in))
	}
	return in
}

func sorted(kinds []Kind) []Kind {
	return slices.SortedFunc(slices.Values(kinds), func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
}

// Kinds returns all kinds, by name; the slice is only read.
func (in *Injector) Kinds() []Kind { return in.kinds }

// Inject begins a fault. Errors are *shop.Error; of a wrong spec, they have the place.
func (in *Injector) Inject(s Spec) (Status, error) {
	k, values, err := s.check(in.kinds)
	if err == nil && k.Missing != "" {
		err = shop.Invalid("/fault", s.Fault+" is not possible here: "+k.Missing)
	}
	if err != nil {
		return Status{}, err
	}
	i := newInjection(s, values, in.tallies[k.Name])
	if err := in.admit(i); err != nil {
		return Status{}, err
	}
	if err := asError(k.Start(i)); err != nil {
		in.end(i, refused)
		return Status{}, err
	}
	return i.status(), nil
}

// admit makes an injection one of the active ones, with timers that end it.
func (in *Injector) admit(i *Injection) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.active) >= MaxActive {
		return &shop.Error{Code: shop.CodeOverloaded, Message: fmt.Sprintf("%d faults are active already: clear some", MaxActive)}
	}
	in.count++
	i.id = fmt.Sprintf("%s-%d", in.prefix, in.count)
	i.first = func() { in.tell("hits", i) }
	in.tell("is injected", i, slog.Any("params", i.spec.Params), slog.String("ttl", i.spec.TTL.String()), slog.String("lease", i.spec.Lease.String()))
	in.active = append(in.active, i)
	in.arm(i)
	return nil
}

// arm sets the timers of an injection.
func (in *Injector) arm(i *Injection) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ttl = time.AfterFunc(i.spec.TTL, func() { in.end(i, Expired) })
	i.renewed = i.began
	if i.spec.Lease > 0 {
		i.lease = time.AfterFunc(i.spec.Lease, func() {
			if i.leaseOver() {
				in.end(i, LeaseLost)
			}
		})
	}
}

// end ends an injection. It is listed as active until all that it did is reverted.
func (in *Injector) end(i *Injection, why Reason) {
	if !i.end(why) {
		return
	}
	in.tell("has ended", i, slog.String("reason", string(why)), slog.Uint64("hits", i.hits.Load()))
	in.mu.Lock()
	defer in.mu.Unlock()
	in.active = slices.DeleteFunc(in.active, func(other *Injection) bool { return other == i })
	if why == refused {
		return
	}
	if len(in.ended) == maxEnded {
		in.ended = in.ended[1:]
	}
	in.ended = append(in.ended, i)
}

// tell writes a line of the audit log. Each injection has messages of its own, so that
// none is left out for being like another.
func (in *Injector) tell(what string, i *Injection, more ...any) {
	who := []any{slog.String("fault", i.spec.Fault), slog.String("id", i.id), slog.String("by", i.spec.By)}
	in.log.Log(context.Background(), telemetry.LevelAudit, "fault "+i.id+" "+what, append(who, more...)...)
}

// find returns an injection that is active, or that ended lately.
func (in *Injector) find(id string) (*Injection, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, all := range [][]*Injection{in.active, in.ended} {
		for _, i := range all {
			if i.id == id {
				return i, nil
			}
		}
	}
	return nil, &shop.Error{Code: shop.CodeNotFound, Message: "there is no such fault, or it ended long ago", Pointer: "path:id"}
}

// Renew begins the lease of a fault anew. It is an error if the fault has ended.
func (in *Injector) Renew(id string) error {
	_, err := in.renew(id)
	return err
}

func (in *Injector) renew(id string) (Status, error) {
	i, err := in.find(id)
	if err == nil && !i.renew() {
		err = &shop.Error{Code: shop.CodeState, Message: "the fault has ended: " + string(i.status().Reason)}
	}
	if err != nil {
		return Status{}, err
	}
	return i.status(), nil
}

// Clear ends a fault, if it has not ended by itself. It is an error if there was none.
func (in *Injector) Clear(id string) error {
	_, err := in.clear(id)
	return err
}

func (in *Injector) clear(id string) (Status, error) {
	i, err := in.find(id)
	if err != nil {
		return Status{}, err
	}
	in.end(i, Cleared)
	return i.status(), nil
}

// ClearAll ends all faults that are active.
func (in *Injector) ClearAll() { in.clearAll() }

func (in *Injector) clearAll() []Status {
	in.mu.Lock()
	active := slices.Clone(in.active)
	in.mu.Unlock()
	statuses := []Status{}
	for _, i := range active {
		in.end(i, Cleared)
		statuses = append(statuses, i.status())
	}
	return statuses
}

// List returns the faults that are active, in the order in which they began.
func (in *Injector) List() []Status { return in.statuses(&in.active) }

// Ended returns the faults that have ended lately, up to 64, in the order in which they
// did.
func (in *Injector) Ended() []Status { return in.statuses(&in.ended) }

func (in *Injector) statuses(of *[]*Injection) []Status {
	in.mu.Lock()
	defer in.mu.Unlock()
	statuses := []Status{}
	for _, i := range *of {
		statuses = append(statuses, i.status())
	}
	return statuses
}
