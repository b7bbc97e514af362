package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/internal/metricstore"
)

// drillCommand is all about drills.
type drillCommand struct {
	List drillListCommand `cmd:"" help:"List the drills."`
	Show drillShowCommand `cmd:"" help:"Show what a drill does and what it demands."`
	Run  drillRunCommand  `cmd:"" help:"Run drills, and judge them."`

	Mutate  drillMutateCommand  `cmd:"" help:"Test drills: without the protections that carry it, each must fail by the promise that it names."`
	Compare drillCompareCommand `cmd:"" help:"Put two runs side by side."`
}

// drillFile reads a drill that is embedded, by its name, or that is a file, by its path.
func drillFile(name string) (text []byte, err error) {
	if slices.Contains(drills.Names(), name) {
		return drills.Read(name)
	}
	if !strings.ContainsAny(name, `/\.`) {
		return nil, inputError{fmt.Errorf("there is no drill %q: brownout drill list names them; the path of a file has a . or a / in it", name)}
	}
	if text, err = os.ReadFile(name); err != nil {
		return nil, inputError{err}
	}
	return text, nil
}

func readPlan(name string) (*drill.Plan, []byte, error) {
	text, err := drillFile(name)
	if err != nil {
		return nil, nil, err
	}
	plan, err := drill.Parser{CheckQuery: metricstore.Validate}.Parse(name, text)
	if err != nil {
		return nil, nil, inputError{err}
	}
	return plan, text, nil
}

// drillListCommand lists drills.
type drillListCommand struct{}

// Run runs the command.
func (*drillListCommand) Run(s streams) error {
	for _, name := range drills.Names() {
		plan, _, err := readPlan(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%-24s %-11s %s\n", plan.Name, plan.Family, plan.Title)
	}
	return nil
}

// drillShowCommand shows a drill.
type drillShowCommand struct {
	Name string `arg:"" placeholder:"NAME" help:"A drill's name, or the path of its file."`
}

// Run runs the command.
func (c *drillShowCommand) Run(s streams) error {
	_, text, err := readPlan(c.Name)
	if err != nil {
		return err
	}
	_, err = s.out.Write(text)
	return err
}

// A script is a drill's file, read.
type script struct {
	plan *drill.Plan
	text []byte
}

// readScripts reads all before any is run.
func readScripts(names []string) ([]script, error) {
	var all []script
	for _, name := range names {
		plan, text, err := readPlan(name)
		if err != nil {
			return nil, err
		}
		all = append(all, script{plan, text})
	}
	return all, nil
}
