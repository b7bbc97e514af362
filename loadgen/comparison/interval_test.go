package comparison

import (
	"math"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// chance is how probable it is that a quantile lies between two ranks of n values: that of low to high-1 values below it.
func chance(n, low, high int64, q float64) (sum float64) {
	for k := low; k < high; k++ {
		sum += probability(n, k, q)
	}
	return sum
}

// The interval of ranks holds the quantile as often as it is said to, and is no wider than it must be.
func TestRanksHoldTheQuantile(t *testing.T) {
	for _, tt := range []struct {
		n int64
		q float64
	}{{100, .5}, {1000, .5}, {1000, .9}, {5000, .99}, {20_000, .999}, {20_000, .5}, {1_000_000, .99}} {
		low, high, ok := ranks(tt.n, tt.q)
		if !ok {
			t.Errorf("%+v: none", tt)
			continue
		}
		const most = 1 - miss/2 // as both sides miss by a little less than half
		if p := chance(tt.n, low, high, tt.q); p < 1-miss-1e-4 || p > most {
			t.Errorf("%+v: ranks %d to %d hold it with %v", tt, low, high, p)
		}
	}
}

func TestFewValuesHaveNoRanks(t *testing.T) {
	for _, tt := range []struct {
		n  int64
		q  float64
		ok bool
	}{{0, .5, false}, {1, .5, false}, {8, .5, false}, {9, .5, true}, {500, .99, false}, {600, .99, true}, {5000, .999, false}} {
		if low, high, ok := ranks(tt.n, tt.q); ok != tt.ok {
			t.Errorf("%d values, quantile %v: %d to %d, %t", tt.n, tt.q, low, high, ok)
		}
	}
}

func TestQuantilesLieBetweenValues(t *testing.T) {
	h := hdrhistogram.New(1000, 60_000_000_000, 3)
	for i := range int64(1000) {
		if err := h.RecordValue((i + 1) * 1_000_000); err != nil {
			t.Fatal(err)
		}
	}
	i, ok := quantile(h, .5)
	if !ok || math.Abs(i.Low/1e6-456) > 3 || math.Abs(i.High/1e6-545) > 3 { // 500 ± 2.8 × 15.8
		t.Errorf("%v, %t", i, ok)
	}
	if _, ok := quantile(nil, .5); ok {
		t.Error("nothing has a quantile")
	}
}

func TestShares(t *testing.T) {
	for _, tt := range []struct {
		k, n      int64
		low, high float64
	}{{0, 100, 0, .073}, {50, 100, .365, .635}, {100, 100, .927, 1}, {10, 10_000, .0004, .0024}} {
		i, ok := share(tt.k, tt.n)
		if !ok || math.Abs(i.Low-tt.low) > .001 || math.Abs(i.High-tt.high) > .001 {
			t.Errorf("%d of %d: %v, want %v to %v", tt.k, tt.n, i, tt.low, tt.high)
		}
	}
	if _, ok := share(0, 0); ok {
		t.Error("of nothing there is a share")
	}
}
