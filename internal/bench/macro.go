package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/perf/benchfmt"
)

// How macros are measured.
const (
	macroSlice   = 500 * time.Millisecond // of load on one shop
	sessionPairs = 15                     // of slices on two shops, then there are new ones
	warmLoad     = time.Second            // of each shop, before it counts
	settleTime   = 20 * time.Millisecond  // after the last answer, for what an order leaves behind
)

// pairTime is what a pair of slices takes.
const pairTime = 2 * (macroSlice + settleTime)

// session opens a shop of each build, has them loaded by turns, in an order of chance, and hands over what each pair of turns
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
	for _, s := range shops {
		if _, err := s.load(ctx, m.rate, warmLoad); err != nil {
			return err
		}
	}
	for range pairs {
		figures := make([]figure, len(shops))
		for _, i := range random.Perm(len(shops)) {
			var err error
			if figures[i], err = m.slice(ctx, shops[i]); err != nil {
				return err
			}
		}
		if err := tell(figures); err != nil {
			return err
		}
	}
	return nil
}

// macroPackage and macroName are what macros are called in results.
const (
	macroPackage = module + "cmd/brownout"
	macroName    = "Shop"
)

// slice loads a shop, and says what a request cost, all parts together and each.
func (m macro) slice(ctx context.Context, s *shop) (figure, error) {
	before, err := s.cpu()
	if err != nil {
		return figure{}, err
	}
	report, err := s.load(ctx, m.rate, macroSlice)
	if err != nil {
		return figure{}, err
	}
	time.Sleep(settleTime)
	after, err := s.cpu()
	if err != nil {
		return figure{}, err
	}
	requests := float64(report.Total.Acknowledged)
	values := []benchfmt.Value{{Unit: unitRequest}}
	for _, part := range []string{"gateway", "payments", "inventory"} {
		used := float64(after[part]-before[part]) / requests
		values = append(values, benchfmt.Value{Value: rounded(used), Unit: part + "-" + unitRequest})
		values[0].Value += used
	}
	values[0].Value = rounded(values[0].Value)
	return figure{pkg: macroPackage, name: macroName, threshold: m.threshold, iterations: int(requests), values: values}, nil
}
