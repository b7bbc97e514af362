package verdict

import "math"

// Chance is the probability below which a window breaks a promise.
const Chance = 0.001

// minWindow is how many requests a window has at least.
const minWindow = 100

// tooFew says whether k good answers of n or fewer would come with a probability below
// Chance if each is good with probability p: the exact binomial tail.
func tooFew(k, n int64, p float64) bool { return tail(k, n, p) < Chance }

// tail returns P(X <= k) for X of the binomial distribution of n and p.
func tail(k, n int64, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	sum := 0.0
	for i := range k + 1 {
		sum += math.Exp(choose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

// choose returns the logarithm of the binomial coefficient.
func choose(n, k int64) float64 {
	return factorial(n) - factorial(k) - factorial(n-k)
}

// factorial returns the logarithm of n!.
func factorial(n int64) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}
