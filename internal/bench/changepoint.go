package bench

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// How change points are found.
const (
	minSegment   = 3    // runs on either side
	permutations = 1999 // that a split is held against
	changeLevel  = 0.01 // a split that so many of them reach is none
)

// changePoints returns the places from which on values are larger or smaller than before, in their order: by binary
// segmentation. Of all splits of a segment it takes the one whose sides' ranks are furthest apart, asks how often a shuffled segment has
// one as far apart, and goes on in both sides. Ranks, because a run that was disturbed is far away, and is no change.
func changePoints(values []float64) []int {
	random := rand.New(rand.NewPCG(1, uint64(len(values)))) // the same history has the same changes
	var found []int
	var split func(from, to int)
	split = func(from, to int) {
		ranks := ranksOf(values[from:to])
		at, distance := bestSplit(ranks)
		if at == 0 || !rare(ranks, distance, random) {
			return
		}
		found = append(found, from+at)
		split(from, from+at)
		split(from+at, to)
	}
	split(0, len(values))
	slices.Sort(found)
	edges := slices.Concat([]int{0}, found, []int{len(values)})
	for i := range found {
		// A split of a segment with several changes is near one of them. Between its neighbours, of which the one before was placed
		// already, it is where it belongs.
		if at, _ := bestSplit(ranksOf(values[edges[i]:edges[i+2]])); at > 0 {
			edges[i+1] = edges[i] + at
		}
	}
	return edges[1 : len(edges)-1]
}

// ranksOf are the places of values in their order, those of equal ones the middle of their places.
func ranksOf(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return ranks
}

// bestSplit returns the split whose sides are furthest apart, measured in what chance would do; 0 if all are alike, or there are too
// few.
func bestSplit(ranks []float64) (at int, distance float64) {
	n := float64(len(ranks))
	sum := 0.0
	for i, r := range ranks {
		if k := float64(i); i >= minSegment && len(ranks)-i >= minSegment {
			expected := k * (n - 1) / 2
			if d := math.Abs(sum-expected) / math.Sqrt(k*(n-k)*(n+1)/12); d > distance {
				at, distance = i, d
			}
		}
		sum += r
	}
	return at, distance
}

// rare says whether few shuffles of the ranks have a split that is as far apart.
func rare(ranks []float64, distance float64, random *rand.Rand) bool {
	shuffled := slices.Clone(ranks)
	reached := 0
	for range permutations {
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if _, d := bestSplit(shuffled); d >= distance {
			reached++
		}
	}
	return float64(reached+1)/(permutations+1) <= changeLevel
}
