package main

import (
	reports "brownout/chaos/report"
)

// drillCompareCommand puts two runs side by side.
type drillCompareCommand struct {
	First  string `arg:"" placeholder:"RUN" help:"The folder of a run."`
	Second string `arg:"" placeholder:"RUN" help:"The folder of another."`
	JSON   bool   `name:"json" help:"Print the comparison as JSON."`
}

// Run runs the command.
func (c *drillCompareCommand) Run(s streams) error {
	names := [2]string{c.First, c.Second}
	var both [2]reports.Report
	for i, name := range names {
		var err error
		if both[i], err = readReport(name); err != nil {
			return err
		}
	}
	comparison := reports.Compare(names, both)
	if c.JSON {
		return comparison.JSON(s.out)
	}
	return comparison.Text(s.out)
}
