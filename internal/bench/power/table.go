package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"brownout/internal/bench"
)

// Resampling.
const (
	drawnRuns = 1000
	wanted    = 0.95
	maxPairs  = 4000
)

// print prints what was found of a metric, and what would be found of smaller effects: runs are drawn from all pairs in
// which the commit was compared with itself.
func (c config) print(m metric, found comparisons) {
	fmt.Printf("%s; %d cores, %s; %s, %d runs of %v.\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), m.name, c.runs, c.time)
	fmt.Print("| built in | called a regression | called slower | called faster | change, least to most |\n|---|---:|---:|---:|---:|\n")
	printRow("nothing", found.same)
	printRow(percent(m.effect), found.slow)
	var ratios []float64
	for _, f := range found.same {
		ratios = append(ratios, f.Ratios...)
	}
	pairs := len(ratios) / len(found.same)
	fmt.Printf("\nThreshold %s; %d pairs in a run; their ratios' middle half is %.2f %% wide.\n\n", percent(m.threshold), pairs, 100*middleHalf(ratios))
	fmt.Printf("| effect | called slower in %v | called a regression | seen, 95 times of 100, with a time of |\n|---|---:|---:|---:|\n", c.time)
	for _, part := range []float64{0.1, 0.2, 0.33, 0.5, 0.75, 1} {
		effect := part * m.effect
		p := bench.Power(ratios, effect, pairs, m.threshold, drawnRuns, 1)
		fmt.Printf("| %s | %.0f %% | %.0f %% | %s |\n", percent(effect), 100*p.Slower, 100*p.Regression, m.needed(ratios, effect, c.time/time.Duration(pairs)))
	}
	fmt.Println()
}

func printRow(what string, found []bench.Finding) {
	regressions, slower, faster := 0, 0, 0
	changes := make([]float64, len(found))
	for i, f := range found {
		changes[i] = f.Change
		switch {
		case f.Verdict == bench.Slower:
			slower++
		case f.Verdict == bench.Faster:
			faster++
		}
		if f.Regression {
			regressions++
		}
	}
	fmt.Printf("| %s | %d of %d | %d | %d | %+.2f … %+.2f %% |\n", what, regressions, len(found), slower, faster, 100*slices.Min(changes), 100*slices.Max(changes))
}

// needed is the time that a suite must give a metric for an effect to be seen nearly always, if a pair has so much of it.
func (m metric) needed(ratios []float64, effect float64, pairTime time.Duration) string {
	for pairs := 6; pairs < maxPairs; pairs += 1 + pairs/4 {
		if bench.Power(ratios, effect, pairs, m.threshold, drawnRuns, 1).Slower >= wanted {
			return (time.Duration(pairs) * pairTime).Round(time.Second).String()
		}
	}
	return fmt.Sprintf("over %v", (maxPairs * pairTime).Round(time.Minute))
}

// middleHalf is how far apart the quartiles are.
func middleHalf(ratios []float64) float64 {
	sorted := slices.Sorted(slices.Values(ratios))
	return sorted[len(sorted)*3/4] - sorted[len(sorted)/4]
}

func percent(share float64) string { return fmt.Sprintf("%.2g %%", 100*share) }
