package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/perf/benchfmt"
)

// How macros are measured.
const (
	warmLoad   = 500 * time.Millisecond // of each shop, before it counts
	answerTime = 50 * time.Millisecond  // until the last answer, about
	settleTime = 20 * time.Millisecond  // after it, for what an order leaves behind
	openPair   = time.Second            // to open two shops, to have their customers log in, and to close them
)

// A kind is something that is measured of a shop.
type kind struct {
	name string
	// session is about what one takes, of two builds, and turns how often each shop is measured in it, by turns or at once.
	session time.Duration
	turns   int
	// together says that all shops are loaded at once, and not by turns.
	together bool
	warm     bool // shops are loaded before it counts
	// capacity says that the rate is half of what the first shop can do, and not that of the suite.
	capacity bool
	drill    bool // a drill is run, which opens a shop by itself
	measure  func(ctx context.Context, s *shop, j job) (iterations int, values []benchfmt.Value, err error)
}

// A job is what a shop is measured with. It is the same for both builds.
type job struct {
	rate  float64 // of requests a second
	drill string
	seed  uint64 // of the drill
}

// kinds are all that there are.
func kinds() []kind {
	const open = openPair + warmLoad
	return []kind{
		{name: "cpu-per-request", session: open + 8*(cpuLoad+answerTime+settleTime), turns: 8, together: true, warm: true, measure: measureCPU},
		{name: "goodput", session: open + 2*2*(saturationWarm+saturationLoad), turns: 2, warm: true, measure: measureGoodput},
		{name: "latency", session: open + 2*(saturationWarm+saturationLoad) + 2*2*latencyLoad, turns: 2, warm: true, capacity: true, measure: measureLatency},
		{name: "memory", session: openPair + time.Second, turns: 1, measure: measureMemory},
		{name: "start-up", session: openPair, turns: 1, measure: measureStart},
		{name: "recovery", session: time.Minute, turns: 1, drill: true, measure: measureRecovery},
	}
}

// A way is how something is done with all shops, which come in an order.
type way func(order []int, do func(shop int) error) error

// way is how shops are measured.
func (k *kind) way() way {
	if k.together {
		return atOnce
	}
	return byTurns
}

// byTurns does it with one after the other.
func byTurns(order []int, do func(shop int) error) error {
	for _, shop := range order {
		if err := do(shop); err != nil {
			return err
		}
	}
	return nil
}

// atOnce does it with all at the same time, so that they share each moment of the machine.
func atOnce(order []int, do func(shop int) error) error {
	errs := make([]error, len(order))
	var doing sync.WaitGroup
	for _, shop := range order {
		doing.Go(func() { errs[shop] = do(shop) })
	}
	doing.Wait()
	return errors.Join(errs...)
}

// withAll does something with all shops. If some fall behind, and nothing else goes wrong, the error is a *lag.
func withAll(w way, order []int, do func(shop int) error) error {
	fell := make([]error, len(order))
	err := w(order, func(i int) error {
		err := do(i)
		if errors.Is(err, errBehind) {
			fell[i] = err
			return nil
		}
		return err
	})
	if err == nil && errors.Join(fell...) != nil {
		return &lag{fell}
	}
	return err
}

// kindOf returns the kind of a name, nil if there is none.
func kindOf(name string) *kind {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// kindNames lists them for people.
func kindNames() string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// macroPackage is where macros are in results.
const macroPackage = module + "cmd/brownout"

// fullName is what a macro of so many shops is called in results. Where they are loaded at once, a shop beside another one is not
// compared with one that was alone, nor one rate with another.
func (m macro) fullName(shops int) string {
	name := "Shop/" + m.kind.name
	if m.kind.together {
		name += fmt.Sprintf("/shops=%d/rate=%g", shops, m.rate)
	}
	if m.drill != "" {
		name += "/" + m.drill
	}
	return name
}

// sessions is how many there are of a macro.
func (m macro) sessions() int {
	return max(m.fewest, int((m.time+m.kind.session-1)/m.kind.session))
}

// session opens a shop of each build, has them measured side by side, in an order of chance, and returns the means of what each
// build's turns say. Shops are new in each session, as processes are in a micro's blocks, and for the same reason. An error is a *lag if
// shops fell behind.
func (m macro) session(ctx context.Context, builds []build, random *rand.Rand) ([]figure, error) {
	shops := make([]*shop, len(builds))
	defer func() {
		for _, s := range shops {
			if s != nil {
				s.close()
			}
		}
	}()
	for _, i := range random.Perm(len(builds)) {
		var err error
		if shops[i], err = m.open(ctx, builds[i]); err != nil {
			return nil, err
		}
	}
	j, err := m.prepare(ctx, shops, random)
	if err != nil {
		return nil, err
	}
	figures := make([]figure, len(shops))
	for i := range figures {
		figures[i] = figure{pkg: macroPackage, name: m.fullName(len(shops)), threshold: m.threshold}
	}
	turns := make([][][]benchfmt.Value, len(shops))
	for range m.kind.turns {
		err := withAll(m.kind.way(), random.Perm(len(shops)), func(i int) error {
			iterations, values, err := m.kind.measure(ctx, shops[i], j)
			figures[i].iterations += iterations
			turns[i] = append(turns[i], values)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range figures {
		figures[i].values = means(turns[i])
	}
	return figures, nil
}

func (m macro) open(ctx context.Context, b build) (*shop, error) {
	if m.kind.drill {
		return &shop{build: b}, nil
	}
	return openShop(ctx, b)
}

// prepare warms shops up, and says with what they are measured. Whatever is done to one is done to all, at the same time or in an
// order of chance: a shop that has more behind it, or has rested for longer, is another one.
func (m macro) prepare(ctx context.Context, shops []*shop, random *rand.Rand) (job, error) {
	j := job{rate: m.rate, drill: m.drill, seed: random.Uint64()}
	if m.kind.warm {
		err := atOnce(random.Perm(len(shops)), func(i int) error {
			_, err := shops[i].load(ctx, usualRate, warmLoad)
			return err
		})
		if err != nil {
			return j, err
		}
	}
	if !m.kind.capacity {
		return j, nil
	}
	capacities := make([]float64, len(shops))
	err := withAll(byTurns, random.Perm(len(shops)), func(i int) (err error) {
		capacities[i], err = shops[i].saturate(ctx)
		return err
	})
	j.rate = capacities[0] / 2
	return j, err
}

// means are those of the turns of a shop, unit by unit. Medians would be less sure: those of two shops may be of turns that are far
// apart, between which the machine has changed.
func means(turns [][]benchfmt.Value) []benchfmt.Value {
	all := slices.Clone(turns[0])
	for i := range all {
		sum := 0.0
		for _, turn := range turns {
			sum += turn[i].Value
		}
		all[i].Value = rounded(sum / float64(len(turns)))
	}
	return all
}
