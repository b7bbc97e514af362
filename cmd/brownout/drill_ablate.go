package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"brownout/chaos/drill"
	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
)

// ablate runs the on arm with the sets of an ablation, and prints what came of each. It shows
// something, and judges nothing: it fails only if arms could not be run.
func (c *drillRunCommand) ablate(ctx context.Context, s streams, scripts []script) error {
	var all tally
	for _, d := range scripts {
		shown, ablated := d.plan.Shown(), d.plan.Ablated()
		if len(ablated) > drill.MaxAblated {
			return inputError{fmt.Errorf("%s: is about %d protections, and at most %d can be ablated; name those in its ablate", d.plan.Name, len(ablated), drill.MaxAblated)}
		}
		fmt.Fprintf(s.out, "%s: %s\n", d.plan.Name, d.plan.Title)
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "with only\tgoodput of the baseline's\trecovery\tamplification at first\tpromises")
		for _, set := range drill.Ablation(ablated) {
			v, err := c.with(ctx, d, set, drill.Without(shown, set))
			if err != nil {
				report(s.err, fmt.Errorf("%s: %w", d.plan.Name, err))
				v.Result = verdict.Invalid
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if v.Result == verdict.Invalid {
				all.count(verdict.Invalid)
			}
			fmt.Fprintln(table, row(set, v))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return all.err()
}

// with runs the on arm without some protections, again if it is INVALID.
func (c *drillRunCommand) with(ctx context.Context, d script, set, without []resilience.Name) (v verdict.Verdict, err error) {
	for range 1 + c.Retries {
		var run *evidence.Run
		run, v, _, err = c.play(ctx, play{script: d, seed: c.Seed, arms: []string{evidence.On}, without: without})
		if err != nil || ctx.Err() != nil {
			return v, err
		}
		v.Promises = append(v.Promises, verdict.Measured(run, evidence.On, goodputAfter))
		if v.Result != verdict.Invalid {
			break
		}
	}
	return v, err
}

// goodputAfter is what an ablation compares, whatever the drill promises.
var goodputAfter = verdict.Check{Name: "goodput after the trigger", Measure: verdict.Goodput, During: verdict.After}

// row is one of the table.
func row(set []resilience.Name, v verdict.Verdict) string {
	names := "(none)"
	if len(set) > 0 {
		names = strings.Trim(fmt.Sprint(set), "[]")
	}
	cells := map[string]string{}
	for _, f := range v.Promises {
		cells[f.Check.Name] = f.Amount()
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", names, cells[goodputAfter.Name], cells["recovery"], cells["amplification at first"], v.Result)
}
