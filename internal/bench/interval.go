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
// first is chance, so if the builds are alike their names could be exchanged, and these logarithms lie symmetrically about 0,
// however they are distributed. So the test is Wilcoxon's signed-rank test, the center is the median of the means of any two
// pairs (Hodges and Lehmann), and the interval lies between two of these means (Tukey).
type pairs []float64

// newPairs leaves the logarithms in their order.
func newPairs(logs []float64) pairs { return slices.Sorted(slices.Values(logs)) }

func (p pairs) size() int { return len(p) }

// interval is at level equally far out to both sides.
func (p pairs) interval(level float64) interval {
	all := middles(len(p))
	i := interval{center: (p.middle((all+1)/2) + p.middle(all/2+1)) / 2, low: math.Inf(-1), high: math.Inf(1), reach: math.Inf(1)}
	k := outside(len(p), level)
	if k == 0 {
		return i
	}
	i.low, i.high = p.middle(k), p.middle(all+1-k)
	// The center varies about normally, and the lower end with it. Of few pairs the farther end is nearer to the truth.
	i.reach = max(i.center-i.low, i.high-i.center) * (1 + deviations(1-power)/deviations(level/2))
	return i
}

// middles is how many means there are of any two of n pairs, and of each with itself.
func middles(n int) int { return n * (n + 1) / 2 }

// middle returns the k-th smallest of the means of any two pairs, of which the smallest is the first.
func (p pairs) middle(k int) float64 {
	low, high := p[0], p[len(p)-1]
	for {
		between := low + (high-low)/2
		switch {
		case between <= low || between >= high: // they are neighbours
			if p.upTo(low) >= k {
				return low
			}
			return high
		case p.upTo(between) >= k:
			high = between
		default:
			low = between
		}
	}
}

// upTo returns how many means are not above v.
func (p pairs) upTo(v float64) int {
	count := 0
	for i, j := 0, len(p)-1; i <= j; i++ {
		for j >= i && p[i]+p[j] > 2*v {
			j--
		}
		count += j - i + 1
	}
	return count
}

// exactRanks is up to how many pairs the distribution of signed ranks is computed. From there on it is normal.
const exactRanks = 100

// outside is how many of the means of n pairs may lie beyond either end of an interval.
func outside(n int, level float64) int {
	if n > exactRanks {
		all := float64(middles(n))
		return int(all/2 - deviations(level/2)*math.Sqrt(all*float64(2*n+1)/12))
	}
	below := 0.0 // the probability of at most k
	for k, p := range signedRanks(n) {
		if below += p; below > level/2 {
			return k
		}
	}
	return 0
}

// signedRanks is the distribution of the sum of those of the ranks 1 to n that have one sign, if either is as likely.
func signedRanks(n int) []float64 {
	p := make([]float64, middles(n)+1)
	p[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := middles(rank); sum >= 0; sum-- {
			p[sum] /= 2
			if sum >= rank {
				p[sum] += p[sum-rank] / 2
			}
		}
	}
	return p
}

// deviations is by how many standard deviations what is normal is exceeded with a probability.
func deviations(p float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*p) }

// fewest is how many pairs must be there for each of so many metrics that are judged together to have an interval at all.
func fewest(metrics int) int {
	n := 1
	for outside(n, alpha/float64(metrics)) == 0 {
		n++
	}
	return n
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
