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

func TestBinomial(t *testing.T) {
	for _, row := range []struct {
		k, n int
		p    float64
		want float64
	}{
		{0, 6, 0.5, 1.0 / 64}, {1, 6, 0.5, 7.0 / 64}, {6, 6, 0.5, 1}, {0, 0, 0.5, 1}, {4, 10, 0.3, 0.849731667},
		{4000, 10_000, 0.4, 0.50434}, // nearly normal, with half of the middle and the skew
	} {
		if got := binomialAtMost(row.k, row.n, row.p); math.Abs(got-row.want) > 1e-4 {
			t.Errorf("at most %d of %d at %v: %v, want %v", row.k, row.n, row.p, got, row.want)
		}
	}
}
