package main

import (
	"errors"
	"fmt"

	"brownout/internal/bench"
)

// benchCommand is all about what a change does to speed.
type benchCommand struct {
	Run     benchRunCommand     `cmd:"" help:"Measure what is checked out, and beside it another revision."`
	Compare benchCompareCommand `cmd:"" help:"Compare two files of results."`
	History benchHistoryCommand `cmd:"" help:"Show the trend of results that were kept, and where it changes."`
}

// The exit statuses of benchmarks, beside statusDone: no regression, surely.
const (
	statusRegression  = 1 // a regression beyond its threshold, surely
	statusUnsure      = 2 // neither
	statusBenchMisuse = 3 // wrong flags, or input with which there can be no measurements
	statusUnmeasured  = 4 // they could not be made, or not to their end, or not told
)

// A benchError says that something is, or may be, slower than it was.
type benchError struct{ outcome bench.Outcome }

// Error says it.
func (e benchError) Error() string {
	switch e.outcome {
	case bench.Regression:
		return "there is a regression"
	case bench.Unmeasured:
		return "not all was measured"
	}
	return "it cannot be told whether there is a regression"
}

// benchStatus returns the exit status that stands for an error of a bench command.
func benchStatus(err error) int {
	if err == nil {
		return statusDone
	}
	if judged, ok := errors.AsType[benchError](err); ok {
		switch judged.outcome {
		case bench.Regression:
			return statusRegression
		case bench.Unmeasured:
			return statusUnmeasured
		}
		return statusUnsure
	}
	if _, misused := errors.AsType[bench.Misuse](err); misused || status(err) == statusMisused {
		return statusBenchMisuse
	}
	return statusUnmeasured
}

// tellComparison prints a comparison, and returns what it comes to.
func tellComparison(s streams, c *bench.Comparison) error {
	if err := c.WriteText(s.out); err != nil {
		return err
	}
	if outcome := c.Outcome(); outcome != bench.NoRegression {
		return benchError{outcome}
	}
	return nil
}

// compareFiles compares two files of results.
func compareFiles(was, is string, threshold float64) (*bench.Comparison, error) {
	old, err := bench.ReadResults(was)
	if err != nil {
		return nil, err
	}
	present, err := bench.ReadResults(is)
	if err != nil {
		return nil, err
	}
	return bench.Compare(old, present, threshold)
}

// parseThreshold reads a threshold as it is written in suites.
func parseThreshold(text string) (float64, error) {
	threshold, err := bench.ParseShare(text)
	if err != nil {
		return 0, fmt.Errorf("--threshold: %w", err)
	}
	return threshold, nil
}
