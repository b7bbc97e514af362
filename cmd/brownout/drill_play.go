package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
	reports "brownout/chaos/report"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
)

// playFlags are those of all commands that run drills.
type playFlags struct {
	Names []string `arg:"" optional:"" placeholder:"NAME" help:"Drills, by name, or by the path of their file."`
	All   bool     `help:"All drills."`
	Pace  string   `enum:"quick,demo" default:"quick" help:"quick, for machines that check, or demo, for people who watch; alerts are judged at quick only (default ${default})."`
	Seed  uint64   `default:"1" placeholder:"N" help:"Decides arrivals, choices and chance (default ${default})."`
	Out   string   `default:"runs" placeholder:"FOLDER" help:"Where the evidence goes (default ${default})."`
	Quiet bool     `short:"q" help:"Print the results only."`
	attachFlags
}

// check returns what is wrong with the flags.
func (f *playFlags) check() error {
	if (len(f.Names) == 0) == !f.All {
		return errors.New("name drills, or say --all")
	}
	return nil
}

// scripts reads all drills, and sees that they can be played, before any is run.
func (f *playFlags) scripts() ([]script, error) {
	names := f.Names
	if f.All {
		names = drills.Names()
	}
	all, err := readScripts(names)
	if err != nil {
		return nil, err
	}
	if err := f.checkAttach(all); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.Out, 0o700); err != nil {
		return nil, inputError{fmt.Errorf("--out: %w", err)}
	}
	return all, nil
}

// A play is one run of a drill.
type play struct {
	script
	seed    uint64
	arms    []string // none means both
	without []resilience.Name
	tell    func(drill.Event)
}

// play runs a drill and writes its report. The folder is that of the evidence.
func (f *playFlags) play(ctx context.Context, p play) (run *evidence.Run, v verdict.Verdict, dir string, err error) {
	open, err := f.opener(p.plan)
	if err != nil {
		return nil, v, "", err
	}
	dir = f.folder(p.plan.Name)
	run, v, err = drill.Run(ctx, drill.RunConfig{
		Plan: p.plan, Text: p.text, Pace: drill.Pace(f.Pace), Seed: p.seed, Arms: p.arms, Without: p.without, Dir: dir, Open: open, Tell: p.tell,
		Versions: map[string]string{"brownout": version(), "go": runtime.Version(), "machine": fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
	})
	if run != nil {
		err = errors.Join(err, reports.WriteAll(dir, newReport(dir, p.plan, run, v)))
	}
	return run, v, dir, err
}

// folder is one that is not there yet. If it cannot even be looked for, whoever makes it says why.
func (f *playFlags) folder(drill string) string {
	first := filepath.Join(f.Out, time.Now().UTC().Format("20060102T150405Z")+"-"+drill)
	dir := first
	for n := 2; ; n++ {
		if _, err := os.Stat(dir); err != nil {
			return dir
		}
		dir = fmt.Sprintf("%s-%d", first, n)
	}
}
