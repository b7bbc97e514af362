package main

import (
	"context"
	"errors"
	"fmt"

	"brownout/chaos/verdict"
	"brownout/internal/resilience"
)

// drillRunCommand runs drills.
type drillRunCommand struct {
	playFlags
	Arm     string   `enum:"off,on,both" default:"both" help:"The arm: off, on or both (default ${default})."`
	Without []string `placeholder:"PROTECTION" help:"Protections that the on arm lacks, too: does it need them?"`
	Repeat  int      `default:"1" placeholder:"N" help:"Run each drill so often, each time with the next seed, and count the results (default ${default})."`
	Ablate  bool     `help:"Run the on arm with none of the protections that the drill is about, each alone, each pair and all: which of them carries it?"`
	Retries int      `default:"2" placeholder:"N" help:"How often an INVALID run is tried again (default ${default})."`
	JSON    bool     `name:"json" help:"Print each verdict as a line of JSON, and nothing else."`
	Events  bool     `help:"Print what happens, as it happens, and each verdict as lines of JSON, and nothing else."`
}

// Help is the longer help of the command.
func (*drillRunCommand) Help() string {
	return `
Each drill runs in two arms on the same arrivals: off, without the protections that it is about, and on, with them. Each arm has a shop and an epoch of its own. With --attach, the running shop is lent to it: its own load and processes stop in order, those of the drill begin at its ports, and afterwards the shop is what it was, with all its data, also if the drill is killed. An INVALID run is tried again, twice unless told otherwise. Exit status: 0 if all PASS, 1 if any FAIL, 2 if any is INVALID and none FAIL, 3 for wrong use.
`
}

// maxRepeat bounds the runs of a drill.
const maxRepeat = 1000

// Validate is called by the parser.
func (c *drillRunCommand) Validate() error {
	for _, name := range c.Without {
		if resilience.Name(name).Help() == "" {
			return fmt.Errorf("--without: there is no protection %q; there are %s", name, protectionNames())
		}
	}
	switch {
	case c.Repeat < 1 || c.Repeat > maxRepeat:
		return fmt.Errorf("--repeat: must be from 1 to %d", maxRepeat)
	case c.Retries < 0 || c.Retries > maxRetries:
		return fmt.Errorf("--retries: must be from 0 to %d", maxRetries)
	case c.Ablate && (c.Repeat > 1 || len(c.Without) > 0 || c.Arm != "both" || c.forPrograms()):
		return errors.New("--ablate: goes with no --repeat, --without, --arm, --json or --events")
	case c.JSON && c.Events:
		return errors.New("--events: goes with no --json: it tells the verdicts as well")
	}
	return c.check()
}

// forPrograms says that what is printed is for a program to read.
func (c *drillRunCommand) forPrograms() bool { return c.JSON || c.Events }

// maxRetries bounds how often an INVALID run is tried again.
const maxRetries = 10

// Run runs the command.
func (c *drillRunCommand) Run(s streams) error {
	scripts, err := c.scripts()
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupt()
	defer stop()
	if c.Ablate {
		return c.ablate(ctx, s, scripts)
	}
	var all tally
	for _, script := range scripts {
		one := c.repeat(ctx, s, script)
		if c.Repeat > 1 && !c.forPrograms() {
			fmt.Fprintf(s.out, "%s: %v\n", script.plan.Name, one)
		}
		all.add(one)
		if ctx.Err() != nil {
			break
		}
	}
	if len(scripts) > 1 && !c.forPrograms() {
		fmt.Fprintf(s.out, "all: %v\n", all)
	}
	return all.err()
}

// repeat runs a drill as often as is wanted.
func (c *drillRunCommand) repeat(ctx context.Context, s streams, d script) (t tally) {
	for n := range c.Repeat {
		c.drill(ctx, s, d, c.Seed+uint64(n), &t)
		if ctx.Err() != nil {
			break
		}
	}
	return t
}

// drill runs one, again if it is INVALID. What could not be run is INVALID too.
func (c *drillRunCommand) drill(ctx context.Context, s streams, d script, seed uint64, t *tally) {
	p := play{script: d, seed: seed}
	if c.Arm != "both" {
		p.arms = []string{c.Arm}
	}
	for _, name := range c.Without {
		p.without = append(p.without, resilience.Name(name))
	}
	for try := 0; ; try++ {
		switch {
		case c.Events:
			p.tell = eventLines(s.out)
		case !c.JSON && !c.Quiet:
			fmt.Fprintf(s.out, "%s: %s\n", d.plan.Name, d.plan.Title)
			p.tell = timeline(s.out)
		}
		_, v, dir, err := c.play(ctx, p)
		if err == nil {
			err = c.tell(s.out, v, dir)
		}
		if err != nil {
			report(s.err, fmt.Errorf("%s: %w", d.plan.Name, err))
			v.Result = verdict.Invalid
		}
		if v.Result != verdict.Invalid || try == c.Retries || ctx.Err() != nil {
			t.count(v.Result)
			return
		}
		t.retried++
	}
}
