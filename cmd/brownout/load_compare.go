package main

import (
	"slices"

	"brownout/loadgen/comparison"
)

// loadCompareCommand puts the results of two loads side by side.
type loadCompareCommand struct {
	First  string `arg:"" placeholder:"A" help:"A report that load --json wrote, or a journal."`
	Second string `arg:"" placeholder:"B" help:"Another."`
	JSON   bool   `name:"json" help:"Print the comparison as JSON."`
}

// Help is the longer help of the command.
func (*loadCompareCommand) Help() string {
	return `
Routes that both have are compared by their quantiles and their share of errors. A difference is called worse or better if its interval of 99 % says so, which takes requests as independent of each other; else this cannot tell. A report without histograms, of an older version, has no intervals. Two runs of the same thing may differ by more than their intervals: machines are not the same twice. The exit status is 0 whatever the verdicts are.

Example:

    brownout load --rate 300 --duration 1m --json before.json
    brownout load --rate 300 --duration 1m --json after.json
    brownout load compare before.json after.json
`
}

// Run runs the command.
func (c *loadCompareCommand) Run(s streams) error {
	var both [2]comparison.Result
	for i, path := range []string{c.First, c.Second} {
		var err error
		if both[i], err = comparison.Read(path); err != nil {
			return inputError{err}
		}
	}
	compared, err := comparison.Compare(both[0], both[1])
	if err != nil {
		return inputError{err}
	}
	if c.JSON {
		return compared.WriteJSON(s.out)
	}
	return compared.WriteText(s.out)
}

// spelled makes one word of the two that name a command below load. Load takes an argument itself, and kong has
// no commands below such a one.
func spelled(arguments []string) []string {
	if len(arguments) < 2 || arguments[0] != "load" || arguments[1] != "compare" && arguments[1] != "agent" {
		return arguments
	}
	return slices.Concat([]string{"load " + arguments[1]}, arguments[2:])
}
