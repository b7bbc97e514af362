package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
	reports "brownout/chaos/report"
	"brownout/chaos/verdict"
	"brownout/internal/metricstore"
	"brownout/internal/resilience"
)

// reportCommand renders the report of a run again.
type reportCommand struct {
	Folder   string `arg:"" name:"run" placeholder:"RUN" help:"The folder of a run, as in runs/20260102T150405Z-spike."`
	HTML     string `name:"html" xor:"form" placeholder:"FILE" help:"Write the page there, and nothing else; - is the standard output."`
	Markdown bool   `xor:"form" help:"Print the report as Markdown, and write nothing."`
	JSON     bool   `name:"json" xor:"form" help:"Print verdict and evidence as JSON, and write nothing."`
}

// Help is the longer help of the command.
func (*reportCommand) Help() string {
	return `
The run is judged anew by the drill's file in its folder, as this program judges. Without flags report.html, report.md and report.json in the folder are written again.
`
}

// Run runs the command.
func (c *reportCommand) Run(s streams) error {
	r, err := readReport(c.Folder)
	if err != nil {
		return err
	}
	switch {
	case c.HTML == "-":
		return r.HTML(s.out)
	case c.HTML != "":
		return reports.WriteFile(c.HTML, r.HTML)
	case c.Markdown:
		return r.Markdown(s.out)
	case c.JSON:
		return r.JSON(s.out)
	}
	if err := reports.WriteAll(c.Folder, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s %s\n  report: %s\n", r.Verdict.Result, printable(r.Run.Drill), filepath.Join(c.Folder, reports.HTMLFile))
	return err
}

// readReport reads the report of a run from its folder, and judges it anew.
func readReport(dir string) (reports.Report, error) {
	run, text, err := drill.ReadRun(dir)
	if err != nil {
		return reports.Report{}, inputError{err}
	}
	plan, err := drill.Parser{CheckQuery: metricstore.Validate}.Parse(filepath.Join(dir, drill.PlanFile), text)
	if err != nil {
		return reports.Report{}, inputError{err}
	}
	return newReport(dir, plan, run, verdict.Judge(plan.Checks(drill.Pace(run.Pace)), run)), nil
}

// newReport makes the report of a run of a plan whose folder is dir.
func newReport(dir string, plan *drill.Plan, run *evidence.Run, v verdict.Verdict) reports.Report {
	r := reports.Report{
		Title: plan.Title, Story: plan.Story, Learn: plan.Learn, Runbook: plan.Runbook,
		Checks: plan.Checks(drill.Pace(run.Pace)), Command: again(dir, plan, run), Run: run, Verdict: v,
	}
	for _, name := range plan.Shown() {
		r.Shown = append(r.Shown, string(name))
	}
	for _, p := range drill.Panels() {
		r.Panels = append(r.Panels, reports.Panel(p))
	}
	return r
}

// again is the command that runs a drill as it was run. A drill that is not one of the program's
// is in the run's folder.
func again(dir string, plan *drill.Plan, run *evidence.Run) string {
	name := plan.Name
	if !slices.Contains(drills.Names(), name) {
		name = filepath.Join(dir, drill.PlanFile)
	}
	command := []string{"brownout", "drill", "run", quoted(name), "--pace", quoted(run.Pace), "--seed", fmt.Sprint(run.Seed)}
	if len(run.Arms) == 1 {
		for arm := range run.Arms {
			command = append(command, "--arm", quoted(arm))
		}
	}
	on := run.Arms[evidence.On]
	if on == nil {
		return strings.Join(command, " ")
	}
	for _, name := range on.Disabled {
		if !slices.ContainsFunc(plan.Arms[evidence.On].Disable, func(n resilience.Name) bool { return string(n) == name }) {
			command = append(command, "--without", quoted(name))
		}
	}
	return strings.Join(command, " ")
}

// quoted is a word as a shell takes it for one.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '/' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
