package bench

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Found is how often a change is found, as shares of runs.
type Found struct {
	Slower     float64 // that there is one
	Regression float64 // that it is beyond the threshold
}

// Power tells how often a change would be found by runs of n pairs, of one measure that has a threshold. Ratios are logarithms, of
// pairs in which a build was compared with itself; runs are drawn from them, and made slower by effect, as a share.
func Power(ratios []float64, effect float64, n int, threshold float64, runs int, seed uint64) Found {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	shift, margin := math.Log1p(effect), math.Log1p(threshold)
	k := outside(n, alpha)
	if k == 0 {
		return Found{}
	}
	var slower, regressions int
	drawn := make([]float64, n)
	for range runs {
		for i := range drawn {
			drawn[i] = shift + ratios[random.IntN(len(ratios))]
		}
		slices.Sort(drawn)
		if pairs(drawn).upTo(0) < k {
			slower++
		}
		if pairs(drawn).upTo(margin) < k {
			regressions++
		}
	}
	return Found{float64(slower) / float64(runs), float64(regressions) / float64(runs)}
}
