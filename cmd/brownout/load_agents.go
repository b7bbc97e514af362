package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9/logging"

	"brownout/chaos/evidence"
	"brownout/loadgen"
	"brownout/loadgen/fleet"
)

// Bounds of agents.
const (
	maxAgents  = 64  // of one machine
	maxJoiners = 128 // of others

	// localLead and remoteLead are how long before the schedule starts agents are told of it: longer than that takes.
	localLead  = 200 * time.Millisecond
	remoteLead = 2 * time.Second
)

// checkAgents returns what is wrong with the flags that are about several processes.
func (c *loadCommand) checkAgents(set *kong.Context) error {
	if err := cmp.Or(c.checkJoin(set), firstBroken([]limit{
		{c.Agents < 0 || c.Agents > maxAgents, fmt.Sprintf("--agents: must be from 1 to %d", maxAgents)},
		{c.Joiners < 0 || c.Joiners > maxJoiners, fmt.Sprintf("--joiners: must be from 1 to %d", maxJoiners)},
		{c.Joiners > 0 && c.Redis == "", "--joiners: needs --redis, through which they join"},
		{c.Redis != "" && c.Joiners == 0, "--redis: needs --joiners, who join through it"},
		{c.several() && c.Clients > 0, "--clients: only of a load that one process sends"},
		{(c.several() || c.Join != "") && c.Supervisor != "", "--supervisor: only for a load that one process sends"},
		{c.Joiners > 0 && c.Agents == 0 && c.Journal != "", "--journal: nothing is sent from here; who joins keeps one with --join and --journal"},
	})); err != nil {
		return err
	}
	for _, at := range []struct{ flag, address string }{{"--redis", c.Redis}, {"--join", c.Join}} {
		if err := fleet.CheckAddress(at.address); at.address != "" && err != nil {
			return fmt.Errorf("%s: %w", at.flag, err)
		}
	}
	return nil
}

// several says whether agents send the load.
func (c *loadCommand) several() bool { return c.Agents > 0 || c.Joiners > 0 }

// checkJoin refuses what is said beside --join, but for what is about files of this machine: all else is said where the load was
// begun, and would be ignored here.
func (c *loadCommand) checkJoin(set *kong.Context) error {
	if c.Join == "" {
		return nil
	}
	if c.URL != "" {
		return errors.New("--join: what is sent is said where the load was begun")
	}
	for _, p := range set.Path {
		if p.Flag == nil || p.Resolved {
			continue
		}
		switch p.Flag.Name {
		case "join", "redis-password", "shop", "journal", "append", "quiet":
		default:
			return fmt.Errorf("--join: --%s is said where the load was begun", p.Flag.Name)
		}
	}
	return nil
}

// conduct has agents send the load.
func (c *loadCommand) conduct(ctx context.Context, progress io.Writer, plan *loadPlan, journal *loadgen.Journal) (*outcome, error) {
	if err := c.checkParts(); err != nil {
		return nil, inputError{err}
	}
	o := new(outcome)
	conductor := &fleet.Conductor{
		Lead: localLead,
		Progress: func() *loadgen.Progress {
			o.began = time.Now()
			return c.progress(progress)
		},
		Metrics: plan.shown,
		Lost:    func(l loadgen.Lost) { c.sayer(progress)("%v", l) },
	}
	if c.Joiners > 0 {
		conductor.Lead = remoteLead
		meeting, err := c.meet(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = meeting.Close() }() // all has been told
		if conductor.Members, err = c.enlist(ctx, progress, meeting); err != nil {
			return nil, err
		}
	}
	if err := c.spawn(conductor); err != nil {
		return nil, err
	}
	var parts []string
	if journal != nil {
		parts = c.parts()
	}
	var err error
	if conductor.Jobs, err = c.jobs(plan, parts); err != nil {
		return nil, err
	}
	o.Result, err = conductor.Conduct(ctx)
	if journal != nil {
		err = cmp.Or(err, gather(journal, parts))
	}
	if o.Report.Agents == 0 {
		return nil, err
	}
	return o, err
}

// jobs are what the agents are to do: those who have joined, and then those of this machine, each of which has a
// file for its samples, if there are any.
func (c *loadCommand) jobs(plan *loadPlan, parts []string) (jobs []fleet.Job, err error) {
	job := fleet.Job{Patience: plan.patience, Timeline: c.HTML != ""}
	job.Load, err = json.Marshal(c.loadSettings)
	for range c.Joiners + c.Agents {
		jobs = append(jobs, job)
	}
	for i, part := range parts {
		jobs[c.Joiners+i].Journal = part
	}
	return jobs, err
}

// meet connects to the Redis through which others join.
func (c *loadCommand) meet(ctx context.Context) (*fleet.Meeting, error) {
	logging.Disable() // what Redis clients log, they also return
	return fleet.Meet(ctx, fleet.Place{Address: cmp.Or(c.Redis, c.Join), Password: c.RedisPassword, Version: version()})
}

// sayer returns what tells people something on a line, unless they want to know nothing.
func (c *loadCommand) sayer(to io.Writer) func(format string, arguments ...any) {
	if c.Quiet {
		return func(string, ...any) {}
	}
	return func(format string, arguments ...any) { fmt.Fprintf(to, format+"\n", arguments...) }
}

// enlist waits for those who join.
func (c *loadCommand) enlist(ctx context.Context, progress io.Writer, meeting *fleet.Meeting) ([]fleet.Member, error) {
	say := c.sayer(progress)
	say("waiting for %d to join", c.Joiners)
	members, err := meeting.Enlist(ctx, c.Joiners, func(text string) { say("%s", text) })
	if err != nil && ctx.Err() != nil {
		err = errNothingSent
	}
	return members, err
}

// spawn starts the agents of this machine. If one does not start, all are let go of.
func (c *loadCommand) spawn(conductor *fleet.Conductor) error {
	program, err := os.Executable()
	for i := 0; i < c.Agents && err == nil; i++ {
		var p *fleet.Process
		if p, err = fleet.Spawn(fmt.Sprintf("agent %d", i+1), program, "load", "agent"); err == nil {
			conductor.Members = append(conductor.Members, p)
		}
	}
	if err != nil {
		for _, m := range conductor.Members {
			m.Release()
		}
	}
	return err
}

// parts are the files of the samples of this machine's agents, beside the journal.
func (c *loadCommand) parts() (all []string) {
	for i := range c.Agents {
		all = append(all, fmt.Sprintf("%s.agent-%d", c.Journal, i+1))
	}
	return all
}

// checkParts wants the journal to be a file, beside which there is none of an agent.
func (c *loadCommand) checkParts() error {
	if c.Journal == "" {
		return nil
	}
	info, err := os.Stat(c.Journal)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("--journal: that of several agents must be a file")
	}
	for _, part := range c.parts() {
		if _, err := os.Stat(part); !errors.Is(err, fs.ErrNotExist) {
			return cmp.Or(err, fmt.Errorf("%s is there already, of a load that did not end in order: move it away", part))
		}
	}
	return nil
}

// gather adds the agents' samples to the journal, and removes their files. What cannot be added stays there.
func gather(journal *loadgen.Journal, parts []string) error {
	var written []string
	for _, part := range parts {
		if _, err := os.Stat(part); err == nil { // else the agent has not come to it
			written = append(written, part)
		}
	}
	err := journal.Merge(written...)
	if err == nil {
		err = journal.Flush()
	}
	if err != nil {
		return fmt.Errorf("the journal: %w; all requests are in %s", err, strings.Join(written, ", "))
	}
	for _, part := range written {
		err = cmp.Or(err, os.Remove(part))
	}
	return err
}

// lostError says that the result is not that of the load that was asked for.
func lostError(report loadgen.Report) error {
	if len(report.Lost) == 1 {
		return errors.New(report.Lost[0].String())
	}
	return fmt.Errorf("%d of %d agents were lost", len(report.Lost), report.Agents)
}

// loadAgentCommand is a process that sends a share of a load. Whoever starts it tells it on its standard input what to do.
type loadAgentCommand struct{}

// Run runs the command.
func (*loadAgentCommand) Run(s streams) error {
	signal.Ignore(os.Interrupt) // who has started it stops it in order
	return (&loadCommand{Quiet: true}).serve(context.Background(), s, fleet.NewPipes(s.in, s.out))
}

// join sends a share of the load that waits for agents.
func (c *loadCommand) join(ctx context.Context, s streams) error {
	if err := c.checkFree(); err != nil {
		return inputError{err}
	}
	meeting, err := c.meet(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = meeting.Close() }() // all has been told
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	say := c.sayer(s.err)
	say("waiting for a load")
	port, err := meeting.Join(ctx, fmt.Sprintf("%s, process %d", host, os.Getpid()), func(off time.Duration) {
		say("joined; the clock of this machine is %v ahead of that of Redis", -off.Round(10*time.Microsecond))
	})
	if err != nil {
		return err
	}
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		say(loadgen.Interrupted)
	})
	err = c.serve(ctx, s, port)
	if !stop() {
		<-said
	}
	if err == nil {
		say("what came of this share is told: the result is where the load was begun")
	}
	return err
}

// checkFree refuses a journal that is there already, before anyone counts on this agent.
func (c *loadCommand) checkFree() error {
	if _, err := os.Stat(c.Journal); c.Journal == "" || c.Append || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return c.taken()
}

// serve sends a share of the load that a port tells of. Of the command's own flags, those count that are about files of this
// machine.
func (c *loadCommand) serve(ctx context.Context, s streams, port fleet.Port) error {
	var plan *loadPlan
	err := fleet.Serve(ctx, port, func(ctx context.Context, job fleet.Job) (run *loadgen.Run, err error) {
		if plan, err = c.take(job); err != nil {
			return nil, err
		}
		c.sayer(s.err)("share %v is to be sent", job.Share)
		run = &loadgen.Run{Engine: plan.engine}
		if err := plan.prepare(ctx); err != nil {
			return nil, err
		}
		if c.Journal != "" {
			run.Journal, err = c.openJournal(c.epochOf(plan))
		}
		return run, err
	})
	if err == nil {
		c.endTraces(plan, s.err)
	}
	return err
}

// epochOf is what begins an agent's journal: nothing if that becomes a part of another one.
func (c *loadCommand) epochOf(plan *loadPlan) evidence.Epoch {
	if c.Join == "" {
		return evidence.Epoch{}
	}
	return plan.epoch()
}

// take makes the plan of a share. Who has joined from elsewhere has files of its own.
func (c *loadCommand) take(job fleet.Job) (*loadPlan, error) {
	shop := c.Shop
	if err := json.Unmarshal(job.Load, &c.loadSettings); err != nil {
		return nil, err
	}
	if c.Join != "" {
		c.Shop = shop
	} else {
		c.Journal = job.Journal
	}
	if err := c.checkSettings(); err != nil {
		return nil, err
	}
	c.MaxInFlight = max(1, c.MaxInFlight/int(job.Share.Of))
	return c.plan(job.Share)
}
