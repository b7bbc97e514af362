package comparison

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// miss is the probability with which the interval of a result misses the truth, at most.
const miss = 0.005

// normalFrom is the variance from which on a binomial distribution is taken for a normal one.
const normalFrom = 1000

// nothingBelow is how many standard deviations below its mean a binomial distribution has nothing that matters.
const nothingBelow = 12

// z is how many standard deviations of a normal distribution leave miss/2 on each side.
const z = 2.8070337683438042

// An interval holds a value that is not known, from Low to High.
type interval struct{ Low, High float64 }

// quantile returns between which latencies, in ns, the q-quantile of what a histogram was drawn from
// lies; false if the histogram has too few.
func quantile(h *hdrhistogram.Histogram, q float64) (interval, bool) {
	if h == nil {
		return interval{}, false
	}
	low, high, ok := ranks(h.TotalCount(), q)
	if !ok {
		return interval{}, false
	}
	return between(h, low, high), true
}

// between are the lower edge of the bucket that has rank low, and the upper edge of that of rank high.
func between(h *hdrhistogram.Histogram, low, high int64) (i interval) {
	below := int64(0)
	for _, b := range h.Distribution() {
		if below < low && low <= below+b.Count {
			i.Low = float64(b.From)
		}
		if below < high && high <= below+b.Count {
			i.High = float64(b.To)
		}
		below += b.Count
	}
	return i
}

// ranks returns the ranks, from 1 to n, of those of n values between which their distribution's q-quantile lies. There
// are none if n is so small that it may well lie beyond all of them.
//
// How many of the values are below the quantile has the binomial distribution of n and q, which is below
// low-1, or above high-1, with a probability of miss/2 each.
func ranks(n int64, q float64) (low, high int64, ok bool) {
	low, high = below(n, q), n-below(n, 1-q)+1
	return low, high, low >= 1 && high <= n
}

// below returns the largest k for which P(X < k) ≤ miss/2, with X of the binomial distribution of n and p;
// it is 0 if there is none above.
func below(n int64, p float64) int64 {
	mean := float64(n) * p
	deviation := math.Sqrt(mean * (1 - p))
	if deviation*deviation > normalFrom {
		return int64(math.Floor(mean - z*deviation))
	}
	sum, k := 0.0, max(int64(mean-nothingBelow*deviation), 0)
	for k < n {
		if sum += probability(n, k, p); sum > miss/2 {
			break
		}
		k++
	}
	return k
}

// probability is that of k for the binomial distribution of n and p.
func probability(n, k int64, p float64) float64 {
	return math.Exp(factorial(n) - factorial(k) - factorial(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// factorial returns the logarithm of n!.
func factorial(n int64) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}

// share returns the interval of a probability of which k of n were seen, after Wilson (Probable inference, the law of
// succession, and statistical inference, 1927); false if n is 0.
func share(k, n int64) (interval, bool) {
	if n <= 0 {
		return interval{}, false
	}
	p, size := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return interval{max(middle-half, 0), min(middle+half, 1)}, true
}
