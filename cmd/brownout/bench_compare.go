package main

import "math"

// benchCompareCommand compares results.
type benchCompareCommand struct {
	Old       string `arg:"" placeholder:"OLD" help:"A file of results, in Go's benchmark format."`
	New       string `arg:"" placeholder:"NEW" help:"Another one."`
	Threshold string `placeholder:"SHARE" help:"From which change for the worse on there is a regression, as in 3% (default: what the suite said, or 1%)."`
}

// Help is the longer help of the command.
func (*benchCompareCommand) Help() string {
	return `
The two files of one run with --against are compared pair by pair. Others are compared as a whole: between two times a machine differs by as much as a fifth, so there is no verdict below 20 %.

A verdict is faster, slower, same (less than the threshold apart, surely), or cannot tell; of a suite in which nothing has changed, one in twenty runs at most says that anything has. Processor time decides, and allocations, which are exact; wall time and the parts of a shop are told beside it. Exit status: 0 if nothing has become slower by more than its threshold, 1 if something has, surely, 2 if that cannot be told, 3 for wrong use, 4 if not all was measured, as a shop fell behind its load (of the two files of one run it is a regression if that was the new build's, again and again), or something else went wrong.
`
}

// Validate is called by the parser.
func (c *benchCompareCommand) Validate() error {
	if c.Threshold == "" {
		return nil
	}
	_, err := parseThreshold(c.Threshold)
	return err
}

// Run runs the command.
func (c *benchCompareCommand) Run(s streams) error {
	threshold := math.NaN()
	if c.Threshold != "" {
		var err error
		if threshold, err = parseThreshold(c.Threshold); err != nil {
			return err
		}
	}
	comparison, err := compareFiles(c.Old, c.New, threshold)
	if err != nil {
		return err
	}
	return tellComparison(s, comparison)
}
