package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"brownout/chaos/fault"
	"brownout/chaos/proxy"
)

// faultListCommand shows faults.
type faultListCommand struct {
	Services []string `arg:"" optional:"" name:"service" sep:"none" placeholder:"SERVICE" help:"Services of the running shop, lab for what is done to processes and to Redis from outside, or URLs of admin ports (default: the whole shop)."`
	JSON     bool     `name:"json" help:"Print what the services say, as JSON by their names."`
	targetFlags
}

// Help is the longer help of the command.
func (*faultListCommand) Help() string {
	return `
Each fault is shown with its parameters, their defaults and what they may be. All faults have, beside those, --ttl, --toxicity, --first, --seed and --lease; see brownout fault inject --help.

Without a running shop, only the faults that there are are shown.
`
}

// Run runs the command. A service that does not answer keeps it from none of the others.
func (c *faultListCommand) Run(s streams) error {
	targets, err := c.find(c.Services)
	if errors.Is(err, fs.ErrNotExist) && len(c.Services) == 0 && !c.JSON {
		fmt.Fprintf(s.out, "No shop found at %s: nothing is active.\n\n", printable(c.Shop))
		return printKinds(s.out, map[string]fault.Report{"": {Kinds: append(fault.Catalogue(fault.Host{}), proxy.Kinds()...)}})
	}
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupt()
	defer stop()
	reports, problems := askFaults(ctx, targets)
	if c.JSON {
		encoder := json.NewEncoder(s.out)
		encoder.SetIndent("", "  ")
		return errors.Join(encoder.Encode(reports), joined(problems))
	}
	err = printActive(s.out, reports)
	if err == nil && len(reports) > 0 {
		err = printKinds(s.out, reports)
	}
	return errors.Join(err, joined(problems))
}

// askFaults asks each target for its faults.
func askFaults(ctx context.Context, targets []target) (reports map[string]fault.Report, problems []error) {
	reports = map[string]fault.Report{}
	for _, t := range targets {
		report, err := t.List(ctx)
		if err != nil {
			problems = append(problems, t.refused(err))
			continue
		}
		reports[t.name] = report
	}
	return reports, problems
}

// printActive prints what is active, by service.
func printActive(w io.Writer, reports map[string]fault.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows := 0
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		for _, status := range reports[name].Active {
			if rows++; rows == 1 {
				fmt.Fprintln(table, "SERVICE\tID\tFAULT\tLEFT\tLEASE\tHITS\tBY\tPARAMETERS")
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", name, printable(status.ID), printable(status.Spec.Fault),
				seconds(status.LeftSeconds), seconds(status.LeaseSeconds), status.Hits, printable(status.Spec.By), params(status.Spec))
		}
	}
	if rows == 0 {
		fmt.Fprintln(table, "Nothing is active.")
	}
	fmt.Fprintln(table)
	return table.Flush()
}

// seconds shows a time that is left, "-" if there is none.
func seconds(s float64) string {
	if s <= 0 {
		return "-"
	}
	return (time.Duration(s * float64(time.Second))).Round(100 * time.Millisecond).String()
}

// params shows what a fault was asked for.
func params(s fault.Spec) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		pairs = append(pairs, name+"="+s.Params[name])
	}
	if s.Toxicity > 0 && s.Toxicity < 1 {
		pairs = append(pairs, fmt.Sprintf("toxicity=%g", s.Toxicity))
	}
	if s.First > 0 {
		pairs = append(pairs, fmt.Sprintf("first=%d", s.First))
	}
	return printable(strings.Join(pairs, " "))
}

// printKinds prints every kind once, with the services that can have it; those of no name
// are not told.
func printKinds(w io.Writer, reports map[string]fault.Report) error {
	out := bufio.NewWriter(w)
	kinds, on := map[string]fault.Kind{}, map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		for _, k := range reports[name].Kinds {
			kinds[k.Name] = k
			if k.Missing == "" && name != "" {
				on[k.Name] = append(on[k.Name], name)
			}
		}
	}
	_, catalogue := reports[""]
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if catalogue || len(on[name]) > 0 {
			printKind(out, kinds[name], on[name])
		}
	}
	return out.Flush()
}

// printKind prints a kind; errors are kept by the writer.
func printKind(out *bufio.Writer, k fault.Kind, on []string) {
	fmt.Fprintf(out, "%s: %s\n", printable(k.Name), printable(k.Summary))
	if len(on) > 0 {
		fmt.Fprintf(out, "    on %s\n", strings.Join(on, ", "))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range k.Params {
		fmt.Fprintf(table, "    %s=%s\t%s\t%s\n", printable(p.Name), printable(p.Default), printable(p.Help), printable(bounds(p)))
	}
	_ = table.Flush()
}

// bounds says what a parameter may be.
func bounds(p fault.Param) string {
	switch {
	case p.Type == fault.Choice:
		return strings.Join(p.Choices, ", ")
	case p.Type == fault.Text:
		return "a text"
	case p.Min == "":
		return "up to " + p.Max
	}
	return p.Min + " to " + p.Max
}
