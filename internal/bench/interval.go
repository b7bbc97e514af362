package bench

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Levels of errors.
const (
	alpha = 0.05 // that any interval of the metrics that are judged together does not hold what it is to hold
	power = 0.95 // that a difference of the size of an interval's reach is seen
)

// An interval is where the logarithm of a ratio lies.
type interval struct {
	center, low, high float64 // ±Inf where there are too few measurements to say
	reach             float64 // the least center that would most probably have had an interval above 0
}

// A question is whether one of two builds needs more of something than the other. Logarithms of ratios are above 0 if the
// new one does.
type question interface {
	// interval holds the median of the ratio's logarithm, but with the probability of level.
	interval(level float64) interval
	// size is how many measurements of each build there are.
	size() int
}

// Pairs are logarithms of the ratios of two measurements that were taken side by side, sorted. Which of the two came
// first is chance, so the median of these logarithms is 0 if there is no difference, however they are distributed: the
// interval is that of the sign test's order statistics.
type pairs []float64

// newPairs leaves the logarithms in their order.
func newPairs(logs []float64) pairs { return slices.Sorted(slices.Values(logs)) }

func (p pairs) size() int { return len(p) }

// interval is that of the order statistics: the median lies between the k-th of the pairs from below and the k-th from above. Its
// ends are equally far out to both sides, where benchmath.AssumeNothing's are of unlike weight for few pairs, and those of a
// normal distribution for many.
func (p pairs) interval(level float64) interval {
	i := interval{center: p.quantile(0.5), low: math.Inf(-1), high: math.Inf(1), reach: math.Inf(1)}
	k := outside(len(p), level)
	if k == 0 {
		return i
	}
	i.low, i.high = p[k-1], p[len(p)-k]
	// How far would the pairs have to lie above 0 for the lower end to be there, with the probability of power? It is, if fewer than k
	// of them are below.
	share := bisect(func(share float64) bool { return binomialAtMost(k-1, len(p), share) >= power })
	i.reach = i.center - p.quantile(share)
	return i
}

// outside is how many of n pairs may lie beyond either end of an interval.
func outside(n int, level float64) int {
	below := 0.0 // the probability of at most k
	for k := range n {
		if below += binomial(k, n, 0.5); below > level/2 {
			return k
		}
	}
	return n
}

// fewest is how many pairs must be there for each of so many metrics that are judged together to have an interval at all.
func fewest(metrics int) int {
	n := 1
	for outside(n, alpha/float64(metrics)) == 0 {
		n++
	}
	return n
}

// quantile is between the two pairs that are nearest to it.
func (p pairs) quantile(share float64) float64 {
	at := share * float64(len(p)-1)
	i := int(at)
	if i+1 >= len(p) {
		return p[len(p)-1]
	}
	return p[i] + (at-float64(i))*(p[i+1]-p[i])
}

// Two samples are logarithms of measurements that were not taken side by side: whatever was different between their
// times is in their difference, too.
type samples struct{ old, new *benchmath.Sample }

func newSamples(was, is []float64) samples { return samples{newSample(was), newSample(is)} }

// newSample leaves the values in their order.
func newSample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

func (s samples) size() int { return min(len(s.old.Values), len(s.new.Values)) }

// interval puts the far ends of both samples' intervals together, and so is on the safe side.
func (s samples) interval(level float64) interval {
	was := benchmath.AssumeNothing.Summary(s.old, 1-level/2)
	is := benchmath.AssumeNothing.Summary(s.new, 1-level/2)
	i := interval{center: is.Center - was.Center, low: is.Lo - was.Hi, high: is.Hi - was.Lo}
	i.reach = 2 * (i.center - i.low) // the lower end is as far away again, for it varies as much
	return i
}

// binomialAtMost is the probability of at most k successes in n trials of which each succeeds with probability p,
// between 0 and 1.
func binomialAtMost(k, n int, p float64) float64 {
	if k >= n {
		return 1
	}
	sum := 0.0
	for i := range k + 1 {
		sum += binomial(i, n, p)
	}
	return min(1, sum)
}

// binomial is the probability of k successes.
func binomial(k, n int, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	hits, _ := math.Lgamma(float64(k + 1))
	misses, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - hits - misses + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// bisect returns the largest share between 0 and 1 for which holds is true. It is true below that, and false above.
func bisect(holds func(share float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 40 {
		if middle := (low + high) / 2; holds(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
