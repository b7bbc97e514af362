package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"brownout/chaos/drill"
	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// drillMutateCommand tests drills: without what carries it, a drill must fail.
type drillMutateCommand struct{ playFlags }

// Help is the longer help of the command.
func (*drillMutateCommand) Help() string {
	return `
Runs the on arm of each drill once for each set of protections that it says carries it, without that set: it must FAIL by the promise that the drill names. Exit status: 0 if all do, 1 if any does not, 2 if any is INVALID, 3 for wrong use.
`
}

// Validate is called by the parser.
func (c *drillMutateCommand) Validate() error { return c.check() }

// Run runs the command.
func (c *drillMutateCommand) Run(s streams) error {
	scripts, err := c.scripts()
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupt()
	defer stop()
	var all tally
	for _, d := range scripts {
		for _, carry := range d.plan.Carries {
			result, why := c.mutate(ctx, d, carry)
			all.count(result)
			fmt.Fprintf(s.out, "%s %s without %s: %s\n", result, d.plan.Name, strings.Trim(fmt.Sprint(carry.Without), "[]"), why)
			if ctx.Err() != nil {
				return all.err()
			}
		}
	}
	return all.err()
}

// retries is how often an INVALID mutant is tried again.
const retries = 2

// mutate runs one mutant. It passes if the drill fails as it says.
func (c *drillMutateCommand) mutate(ctx context.Context, d script, carry drill.Carry) (verdict.Result, string) {
	var v verdict.Verdict
	for range 1 + retries {
		var err error
		_, v, _, err = c.play(ctx, play{script: d, seed: c.Seed, arms: []string{evidence.On}, without: carry.Without})
		switch {
		case err != nil:
			return verdict.Invalid, err.Error()
		case ctx.Err() != nil:
			return verdict.Invalid, "interrupted"
		}
		if v.Result != verdict.Invalid {
			break
		}
	}
	switch {
	case failsBy(v, carry.Breaks):
		return verdict.Pass, "it fails by " + carry.Breaks
	case v.Result == verdict.Invalid:
		return verdict.Invalid, strings.Join(v.Reasons, "; ")
	}
	return verdict.Fail, fmt.Sprintf("the drill says %s: %s, and not that %s is broken", v.Result, strings.Join(v.Reasons, "; "), carry.Breaks)
}

// failsBy says whether a drill fails by the promise, or by the invariant of the audit, of that very name: the names of
// others may begin with it.
func failsBy(v verdict.Verdict, name string) bool {
	return v.Result == verdict.Fail && slices.ContainsFunc(v.Reasons, func(reason string) bool {
		return strings.HasPrefix(reason, "on arm: "+name+": ") || strings.HasPrefix(reason, "on arm: audit: "+name+" is ")
	})
}
