package main

import (
	reports "brownout/chaos/report"
	"brownout/internal/bench"
)

// benchHistoryCommand shows trends.
type benchHistoryCommand struct {
	Dir string `default:".brownout/bench" placeholder:"FOLDER" help:"The folder with the results, files that end in .txt (default ${default})."`
	SVG string `name:"svg" placeholder:"FILE" help:"Draw the trends there, too."`
}

// Run runs the command.
func (c *benchHistoryCommand) Run(s streams) error {
	h, err := bench.ReadHistory(c.Dir)
	if err != nil {
		return err
	}
	if c.SVG != "" {
		if err := reports.WriteFile(c.SVG, h.WriteSVG); err != nil {
			return bench.Misuse{Err: err}
		}
	}
	return h.WriteText(s.out)
}
