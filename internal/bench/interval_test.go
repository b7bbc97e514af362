package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noisy are logarithms as blocks have them: most lie close together, and some that were disturbed far away.
func noisy(random *rand.Rand, n int, shift float64) []float64 {
	logs := make([]float64, n)
	for i := range logs {
		deviation := 0.01
		if random.IntN(10) == 0 {
			deviation = 0.2
		}
		logs[i] = shift + deviation*random.NormFloat64()
	}
	return logs
}

// The rates are those of a seed. What is demanded is far enough from what is to be expected that the seed does not matter.
func TestErrorRatesOfPairs(t *testing.T) {
	const runs = 2000
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{12, 40, 120} {
		wrong, missed, seen := 0, 0, 0
		for range runs {
			i := newPairs(noisy(random, n, 0)).interval(alpha)
			if i.low > 0 || i.high < 0 {
				wrong++
			}
			shifted := newPairs(noisy(random, n, i.reach)).interval(alpha)
			if shifted.low > i.reach || shifted.high < i.reach {
				missed++
			}
			if shifted.low > 0 {
				seen++
			}
		}
		if float64(wrong) > 1.3*alpha*runs || float64(missed) > 1.3*alpha*runs {
			t.Errorf("n %d: %d of %d intervals do not hold 0, %d not the shift", n, wrong, runs, missed)
		}
		// The reach is estimated from as few pairs, and is so seen less often on the average than a known one would be.
		if seen < runs*8/10 {
			t.Errorf("n %d: what is in reach was seen %d times of %d", n, seen, runs)
		}
	}
}

// Of twenty metrics the intervals hold all that they are to hold in nineteen of twenty runs, whether the builds differ or not.
// Levels that grow with what was found, as Holm's do, would be right for tests, and wrong for intervals.
func TestErrorRateOfManyMetrics(t *testing.T) {
	const runs, metrics = 1000, 20
	random := rand.New(rand.NewPCG(3, 4))
	for _, shift := range []float64{0, 0.02} {
		wrong := 0
		for range runs {
			all := make([]*test, metrics)
			for i := range all {
				all[i] = &test{Finding: Finding{Gates: true}, measure: measure{worse: 1}, paired: true, question: newPairs(noisy(random, 30, shift))}
			}
			judgeTogether(all, true)
			if slices.ContainsFunc(all, func(t *test) bool { return t.Low > math.Expm1(shift) || t.High < math.Expm1(shift) }) {
				wrong++
			}
		}
		if float64(wrong) > 1.4*alpha*runs {
			t.Errorf("shifted by %v: in %d of %d runs an interval does not hold that", shift, wrong, runs)
		}
	}
}

func TestErrorRateOfSamples(t *testing.T) {
	const runs = 1000
	random := rand.New(rand.NewPCG(5, 6))
	wrong, seen := 0, 0
	for range runs {
		i := newSamples(noisy(random, 20, 1), noisy(random, 20, 1)).interval(alpha)
		if i.low > 0 || i.high < 0 {
			wrong++
		}
		if newSamples(noisy(random, 20, 1), noisy(random, 20, 1.05)).interval(alpha).low > 0 {
			seen++
		}
	}
	if float64(wrong) > alpha*runs || seen < runs*9/10 {
		t.Errorf("of %d runs %d find what is not there, %d what is", runs, wrong, seen)
	}
}

func TestTheFewestPairs(t *testing.T) {
	for metrics, want := range map[int]int{1: 6, 2: 7, 13: 10, 400: 14} {
		n := fewest(metrics)
		if n != want || outside(n-1, alpha/float64(metrics)) > 0 {
			t.Errorf("%d metrics need %d pairs, not %d", metrics, want, n)
		}
	}
}

func TestTooFewPairsSayNothing(t *testing.T) {
	i := newPairs([]float64{0.5, 0.5, 0.5, 0.5, 0.5}).interval(alpha)
	if !math.IsInf(i.low, -1) || !math.IsInf(i.high, 1) || !math.IsInf(i.reach, 1) {
		t.Errorf("of five pairs: %+v", i)
	}
	if i := newPairs([]float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5}).interval(alpha); i.low != 0.5 {
		t.Errorf("of six pairs: %+v", i)
	}
}

// The table is Wilcoxon's, for a level of 0.05 to both sides together: one less is what it has.
func TestHowManyMiddlesLieOutside(t *testing.T) {
	for n, want := range map[int]int{5: 0, 6: 1, 7: 3, 8: 4, 9: 6, 10: 9, 15: 26, 20: 53, 25: 90, 30: 138, 50: 435} {
		if got := outside(n, 0.05); got != want {
			t.Errorf("of the middles of %d pairs %d lie outside, want %d", n, got, want)
		}
	}
	const n = exactRanks + 1
	below := 0.0
	for _, p := range signedRanks(n)[:outside(n, 0.01)] {
		below += p
	}
	if below < 0.0045 || below > 0.005 {
		t.Errorf("where the normal distribution begins, it takes %v for 0.005", below)
	}
}

func TestMiddlesAreThoseOfAllTwos(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	for _, n := range []int{1, 2, 7, 40} {
		p := newPairs(noisy(random, n, 0))
		p[n/2] = p[0] // two are alike
		slices.Sort(p)
		var all []float64
		for i := range p {
			for j := range i + 1 {
				all = append(all, (p[i]+p[j])/2)
			}
		}
		slices.Sort(all)
		for i, want := range all {
			if got := p.middle(i + 1); got != want {
				t.Errorf("of %d pairs, middle %d of %d is %v, want %v", n, i+1, middles(n), got, want)
			}
		}
	}
}

// Tables of the signed-rank test have 8 as the largest sum that is rare enough for ten pairs, at 5 % to both sides together, so
// the ninth means from either end are those of the interval.
func TestTheIntervalIsThatOfTables(t *testing.T) {
	logs := []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
	var all []float64
	for i := range logs {
		for j := range logs[:i+1] {
			all = append(all, (logs[i]+logs[j])/2)
		}
	}
	slices.Sort(all)
	if i := newPairs(logs).interval(0.05); i.low != all[8] || i.high != all[len(all)-9] {
		t.Errorf("between %v and %v, want %v and %v", i.low, i.high, all[8], all[len(all)-9])
	}
}
