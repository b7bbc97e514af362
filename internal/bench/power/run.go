package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"brownout/internal/bench"
)

type config struct {
	micro, only, dir string
	runs             int
	time             time.Duration
}

// A metric is something that is measured of copies.
type metric struct {
	name      string
	effect    float64 // that is built into a copy
	threshold float64
	suite     string                                // as YAML
	unit      string                                // of the measure that counts
	slow      func(tree string, cost float64) error // builds it in; a unit of work costs so many seconds
}

// comparisons are those of a metric: of the commit with itself, and with a slow copy.
type comparisons struct{ same, slow []bench.Finding }

func (c config) metrics() ([]metric, error) {
	pkg, name, ok := strings.Cut(c.micro, " ")
	if !ok {
		return nil, fmt.Errorf("-micro: want a package and a benchmark, not %q", c.micro)
	}
	var all []metric
	if c.only != "macro" {
		all = append(all, metric{
			name: "micro", effect: 0.03, threshold: 0.01, unit: "cpu-sec/op", slow: repeatIterations,
			suite: fmt.Sprintf("time: %v\nthreshold: 1%%\nmicro:\n  - package: %s\n    benchmarks: [%s]\n", c.time, pkg, name),
		})
	}
	if c.only != "micro" {
		all = append(all, metric{
			name: "macro", effect: 0.1, threshold: 0.05, unit: "cpu-sec/request", slow: spinInGateway,
			suite: fmt.Sprintf("time: %v\nthreshold: 5%%\nmacro:\n  - kind: cpu-per-request\n", c.time),
		})
	}
	return all, nil
}

// run measures everything, in turn, and prints what comes of it.
func run(ctx context.Context, c config) (err error) {
	metrics, err := c.metrics()
	if err != nil {
		return err
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return err
	}
	copies, err := newCopies(ctx, filepath.Join(c.dir, "trees"))
	if err != nil {
		return err
	}
	defer copies.remove()
	found := make([]comparisons, len(metrics))
	for i := range c.runs {
		for j, m := range metrics {
			if err := c.round(ctx, copies, m, i+1, &found[j]); err != nil {
				return err
			}
		}
	}
	for j, m := range metrics {
		c.print(m, found[j])
	}
	return nil
}

// round compares the commit with itself and with its slow copy.
func (c config) round(ctx context.Context, copies *copies, m metric, round int, found *comparisons) error {
	same, err := c.compare(ctx, copies, m, "same", round, nil)
	if err != nil {
		return err
	}
	found.same = append(found.same, same)
	// On a machine that others use, what a unit of work costs is another figure an hour later.
	slow, err := c.compare(ctx, copies, m, "slow", round, func(tree string) error { return m.slow(tree, same.Old) })
	if err != nil {
		return err
	}
	found.slow = append(found.slow, slow)
	return nil
}

// compare measures a copy beside the commit, as far as that was not done, and returns what the comparison finds.
func (c config) compare(ctx context.Context, copies *copies, m metric, kind string, round int, change func(tree string) error) (f bench.Finding, err error) {
	tree, err := copies.tree(ctx, m.name+"-"+kind, change)
	if err != nil {
		return f, err
	}
	suite, err := c.suite(m)
	if err != nil {
		return f, err
	}
	out := filepath.Join(c.dir, fmt.Sprintf("%s-%s-%02d.txt", m.name, kind, round))
	err = bench.Run(ctx, bench.RunConfig{
		Suite: suite, Tree: tree, Against: copies.commit, Out: out, Dir: filepath.Join(c.dir, m.name+"-"+kind), Seed: uint64(round), Tell: func(string) {},
	})
	if err != nil {
		return f, err
	}
	if f, err = m.read(out); err == nil {
		fmt.Fprintf(os.Stderr, "%s %s %d of %d: %s, %+.2f %%\n", m.name, kind, round, c.runs, f.Verdict, 100*f.Change)
	}
	return f, err
}

// suite is that of one metric alone.
func (c config) suite(m metric) (*bench.Suite, error) {
	path := filepath.Join(c.dir, m.name+".yaml")
	if err := os.WriteFile(path, []byte(m.suite), 0o666); err != nil {
		return nil, err
	}
	return bench.ReadSuite(path)
}

// read compares the two files of a run.
func (m metric) read(out string) (f bench.Finding, err error) {
	was, err := bench.ReadResults(bench.OldPath(out))
	if err != nil {
		return f, err
	}
	is, err := bench.ReadResults(out)
	if err != nil {
		return f, err
	}
	c, err := bench.Compare(was, is, math.NaN())
	if err != nil {
		return f, err
	}
	for i := range c.Short {
		if c.Short[i].GivenUp() {
			return f, errors.New(c.Short[i].String())
		}
	}
	for _, f := range c.Findings {
		if f.Unit == m.unit {
			return f, nil
		}
	}
	return f, fmt.Errorf("%s has no %s", out, m.unit)
}
