package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTailIsTheBinomials(t *testing.T) {
	for _, tt := range []struct {
		k, n int64
		p    float64
		want float64
	}{
		{0, 1, 0.5, 0.5},
		{1, 2, 0.5, 0.75},
		{2, 2, 0.5, 1},
		{0, 10, 0.1, math.Pow(0.9, 10)},
		{5, 10, 1, 0},
		{10, 10, 1, 1},
		{3, 10, 0, 1},
		{89, 100, 0.95, 0.0115}, // R: pbinom(89, 100, 0.95)
	} {
		if got := tail(tt.k, tt.n, tt.p); math.Abs(got-tt.want) > 5e-4 {
			t.Errorf("P(X <= %d | %d, %v) = %v, want %v", tt.k, tt.n, tt.p, got, tt.want)
		}
	}
}

// A promise that is just kept is called broken in one window of a thousand at most.
func TestKeptPromisesAreSeldomCalledBroken(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const windows, n, p = 20_000, 120, 0.95
	broken := 0
	for range windows {
		k := int64(0)
		for range n {
			if random.Float64() < p {
				k++
			}
		}
		if tooFew(k, n, p) {
			broken++
		}
	}
	if broken > windows/500 {
		t.Errorf("%d of %d windows", broken, windows)
	}
	if !tooFew(90, n, p) {
		t.Error("75 % are taken for 95 %")
	}
}
