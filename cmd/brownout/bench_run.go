package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"brownout/internal/bench"
)

// benchRunCommand measures what is checked out.
type benchRunCommand struct {
	Suite   string `placeholder:"FILE" help:"What is measured (default: the suite of this program)."`
	Against string `placeholder:"REF|FILE" help:"The revision to compare with, as main or HEAD~3, or a file of results that says which. Both are measured side by side."`
	Out     string `placeholder:"FILE" help:"Where results are kept, as they are measured; those of the other revision are beside it, in FILE with .old (default: a new file in .brownout/bench). A run that was interrupted goes on."`
	Seed    uint64 `default:"1" placeholder:"N" help:"Decides about the order in which builds have their turns (default ${default})."`
	Quiet   bool   `short:"q" help:"Show no progress."`
}

// Help is the longer help of the command.
func (*benchRunCommand) Help() string {
	return `
Builds what is checked out, with its changes, and with --against the other revision, in a git worktree of its own. Go benchmarks of both take turns of less than a millisecond, and shops of both are loaded at the same time, or by turns where one would change what is measured of the other, so that what disturbs the machine disturbs both alike. Then compares, as brownout bench compare does. Results are in Go's benchmark format; benchstat reads them, too.

Exit status: 0 if nothing has become slower by more than its threshold, 1 if something has, surely, 2 if that cannot be told, 3 for wrong use, 4 if not all could be measured, or something else went wrong. A session in which a shop does not keep up with its load, one request in twenty failing, is begun again, and a macro given up that has too many of them: if it was the new build's shop that fell behind, and hardly ever the old one's, that is a regression.

Programs are kept in .brownout/bench, of the four revisions that were built last: some hundred megabytes.

A suite is YAML. micro lists Go benchmarks that take turns (internal/bench/lockstep), macro what is measured of a shop: cpu-per-request at a rate (that of each shop: both are loaded at once, so it is compared with other runs of two shops only), goodput when it always has work, latency at half of that, memory of a connection, start-up, recovery from a drill (half a minute for each build, so give it minutes). time is that of an item, both builds together; threshold is from which change for the worse on it is a regression:

    time: 10s
    threshold: 2%
    micro:
      - package: internal/loop
        benchmarks: [Lockstep/tick, Lockstep/await]
    macro:
      - kind: cpu-per-request
        rate: 300
        time: 1m
        threshold: 5%
      - kind: recovery
        drill: spike
        time: 15m
`
}

// benchDir is where programs and results are kept.
const benchDir = ".brownout/bench"

// Run runs the command.
func (c *benchRunCommand) Run(s streams) error {
	suite := bench.DefaultSuite()
	if c.Suite != "" {
		var err error
		if suite, err = bench.ReadSuite(c.Suite); err != nil {
			return err
		}
	}
	out := c.Out
	if out == "" {
		out = filepath.Join(benchDir, time.Now().UTC().Format("20060102T150405Z")+".txt")
	}
	ctx, stop := untilInterrupt()
	defer stop()
	err := bench.Run(ctx, bench.RunConfig{Suite: suite, Against: c.Against, Out: out, Dir: benchDir, Seed: c.Seed, Tell: func(line string) {
		if !c.Quiet {
			fmt.Fprintln(s.err, line)
		}
	}})
	if info, none := os.Stat(out); errors.Is(err, context.Canceled) && (none != nil || info.Size() == 0) {
		return errors.New("interrupted before anything was measured")
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: what was measured is in %s; with --out %s the run goes on", out, out)
	}
	if err != nil {
		return err
	}
	if c.Against == "" {
		defer fmt.Fprintf(s.out, "results: %s\n", out)
		return tellShortfalls(s, out)
	}
	comparison, err := compareFiles(bench.OldPath(out), out, math.NaN())
	if err != nil {
		return err
	}
	defer fmt.Fprintf(s.out, "results: %s and %s\n", bench.OldPath(out), out)
	return tellComparison(s, comparison)
}

// tellShortfalls prints what a run of one build has no figures of.
func tellShortfalls(s streams, path string) error {
	results, err := bench.ReadResults(path)
	if err != nil {
		return err
	}
	outcome := bench.NoRegression
	for _, short := range results.Shortfalls() {
		if _, err := fmt.Fprintln(s.out, &short); err != nil {
			return err
		}
		if short.GivenUp() {
			outcome = bench.Unmeasured
		}
	}
	if outcome != bench.NoRegression {
		return benchError{outcome}
	}
	return nil
}
