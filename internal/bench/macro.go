package bench

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// How macros are measured.
const (
	warmLoad   = time.Second           // of each shop, before it counts
	settleTime = 20 * time.Millisecond // after the last answer, for what an order leaves behind
	openPair   = 4 * time.Second       // to open two shops and close them
	openShare  = time.Second           // of that, and of warming them up, for each of the pairs of a session
	manyPairs  = 8                     // of a session
)

// A kind is something that is measured of a shop.
type kind struct {
	name string
	// pair is what a pair of turns takes, with its share of opening shops, and session how many there are before there are new ones.
	pair    time.Duration
	session int
	warm    bool // whether shops are loaded before it counts
	measure func(ctx context.Context, s *shop, rate float64) (iterations int, values []benchfmt.Value, err error)
	// capacity says that the rate is half of what the first shop can do, and not that of the suite.
	capacity bool
}

// kinds are all that there are.
func kinds() []kind {
	return []kind{
		{name: "cpu-per-request", pair: 2*(cpuLoad+settleTime) + openShare, session: manyPairs, warm: true, measure: measureCPU},
		{name: "goodput", pair: 2*(saturationWarm+saturationLoad) + openShare, session: manyPairs, warm: true, measure: measureGoodput},
		{name: "latency", pair: 2*latencyLoad + openShare, session: manyPairs, warm: true, measure: measureLatency, capacity: true},
		{name: "memory", pair: openPair + time.Second, session: 1, measure: measureMemory},
		{name: "start-up", pair: openPair, session: 1, measure: measureStart},
	}
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

// fullName is what a macro is called in results.
func (m macro) fullName() string { return "Shop/" + m.kind.name }

// pairs is how many pairs of turns there are.
func (m macro) pairs() int { return max(minBlocks, int((m.time+m.kind.pair-1)/m.kind.pair)) }

// session opens a shop of each build, has them measured by turns, in an order of chance, and hands over what each pair of turns
// says, in the order of builds.
func (m macro) session(ctx context.Context, builds []build, pairs int, random *rand.Rand, tell func([]figure) error) error {
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
		if shops[i], err = openShop(ctx, builds[i]); err != nil {
			return err
		}
	}
	rate, err := m.prepare(ctx, shops)
	if err != nil {
		return err
	}
	for range pairs {
		figures := make([]figure, len(shops))
		for _, i := range random.Perm(len(shops)) {
			iterations, values, err := m.kind.measure(ctx, shops[i], rate)
			if err != nil {
				return err
			}
			figures[i] = figure{pkg: macroPackage, name: m.fullName(), threshold: m.threshold, iterations: iterations, values: values}
		}
		if err := tell(figures); err != nil {
			return err
		}
	}
	return nil
}

// prepare warms shops up, and returns the rate at which they are loaded.
func (m macro) prepare(ctx context.Context, shops []*shop) (rate float64, err error) {
	for _, s := range shops {
		if !m.kind.warm {
			break
		}
		if _, err := s.load(ctx, usualRate, warmLoad); err != nil {
			return 0, err
		}
	}
	if !m.kind.capacity {
		return m.rate, nil
	}
	capacity, err := shops[0].saturate(ctx)
	return capacity / 2, err
}
