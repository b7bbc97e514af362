//go:build linux

package main

import (
	"fmt"
	"slices"
)

// A bar is something that was measured, and what it should be.
type bar struct {
	what, figure, limit string
	judgement           judgement
}

// A judgement is whether a bar is met.
type judgement string

const (
	met       judgement = "yes"
	notMet    judgement = "no"
	notJudged judgement = "–" // there is no limit, or the peer is missing
)

func (b bar) missed() bool { return b.judgement == notMet }

func judge(ok bool) judgement {
	if ok {
		return met
	}
	return notMet
}

// atMost and atLeast are bars for a figure, which is written by a format.
func atMost(what, format string, figure, limit float64) bar {
	return bar{what, fmt.Sprintf(format, figure), "≤ " + fmt.Sprintf(format, limit), judge(figure <= limit)}
}

func atLeast(what, format string, figure, limit float64) bar {
	return bar{what, fmt.Sprintf(format, figure), "≥ " + fmt.Sprintf(format, limit), judge(figure >= limit)}
}

func printBars(bars []bar) {
	fmt.Print("\n| what | figure | bar | met? |\n|---|---:|---:|---|\n")
	for _, b := range bars {
		fmt.Printf("| %s | %s | %s | %s |\n", b.what, b.figure, b.limit, b.judgement)
	}
}

// median returns the middle of some figures, of which there is at least one, or the mean of the two in the middle.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
