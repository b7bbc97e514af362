package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/chart"
)

// A page is all that people are shown of a report: texts are clean, figures have their units, and
// lists have an end.
type page struct {
	Title, Drill string
	Result       string
	Meaning      string // of the result
	Reasons      []string
	MoreReasons  int
	Story        []string
	Facts        []fact
	Arms         []armFacts

	Signature, Promises []row
	Alerts              []row
	Invariants          []invariant
	Faults              []faultFacts
	MoreFaults          int
	Alarms              []alarm
	Figures             []chart.Figure
	Empty               []string // titles of graphs without a point
	Falls               []fall
	Culprits            []culprit
	MoreCulprits        int

	Learn    []string
	Lessons  []string // what this run has to say to it
	Runbook  string
	Command  string
	Versions []fact
}

// A fact is a line of a list of facts.
type fact struct{ Name, Value string }

// armFacts say how an arm was run.
type armFacts struct {
	Name, Without string
	Troubles      []string
}

// faultFacts say what a fault did.
type faultFacts struct {
	Arm, Kind, On, Params string
	From, To, Hits        string
	Trouble               string
}

// What lists have at most.
const (
	maxReasons   = 40
	maxSentences = 12
	maxFaults    = 64
	maxVersions  = 24
)

// meanings of results.
var meanings = map[verdict.Result]string{
	verdict.Pass:    "Without the protections the shop broke as predicted. With them it kept its promises.",
	verdict.Fail:    "A promise was broken.",
	verdict.Invalid: "Nothing can be said about the protections: the run does not measure what it should.",
}

func (r *Report) page() page {
	p := page{
		Title: clean(r.Title, maxName), Drill: clean(r.Run.Drill, maxName),
		Result: clean(string(r.Verdict.Result), maxName), Meaning: meanings[r.Verdict.Result],
		Facts: r.facts(), Arms: r.armFacts(),
		Signature: r.signature(), Promises: r.promises(), Alerts: r.alerts(), Invariants: r.invariants(), Alarms: r.alarms(), Falls: r.falls(),
		Runbook: clean(r.Runbook, maxName), Command: clean(r.Command, maxText), Versions: r.versions(),
	}
	if p.Title == "" {
		p.Title = p.Drill
	}
	p.Reasons, p.MoreReasons = cleanAll(r.Verdict.Reasons, maxReasons)
	p.Story, _ = cleanAll(r.Story, maxSentences)
	p.Learn, _ = cleanAll(r.Learn, maxSentences)
	p.Lessons = r.lessons(p.Promises)
	p.Faults, p.MoreFaults = r.faults()
	p.Culprits, p.MoreCulprits = r.culprits()
	shown, empty := r.graphs()
	p.Empty = empty
	for i := range shown {
		p.Figures = append(p.Figures, r.figure(&shown[i], fmt.Sprintf("chart-%d", i+1), p.Alarms))
	}
	return p
}

func (r *Report) facts() []fact {
	all := []fact{
		{"Drill", clean(r.Run.Drill, maxName)},
		{"Pace", clean(r.Run.Pace, maxName)},
		{"Seed", fmt.Sprint(r.Run.Seed)},
		{"Began", r.Run.Started.UTC().Format("2006-01-02 15:04:05 UTC")},
	}
	if c := r.Run.Calibration; c.Of != "" {
		text := chart.Count.Format(c.Capacity) + " a second of " + clean(c.Of, maxName)
		if c.Expected > 0 {
			text += ", " + chart.Count.Format(c.Expected) + " by its design"
		}
		all = append(all, fact{"Capacity C", text})
	}
	return all
}

func (r *Report) versions() []fact {
	var all []fact
	for _, name := range slices.Sorted(maps.Keys(r.Run.Versions)) {
		if len(all) < maxVersions {
			all = append(all, fact{clean(name, maxName), clean(r.Run.Versions[name], maxText)})
		}
	}
	return all
}

func (r *Report) armFacts() []armFacts {
	var all []armFacts
	for _, a := range r.arms() {
		disabled, _ := cleanAll(a.Disabled, maxVersions)
		f := armFacts{Name: a.Name, Without: listed(disabled)}
		for _, t := range []struct{ what, why string }{
			{"was not run to its end", a.Failed}, {"was unhealthy before", a.Before}, {"was unhealthy after", a.After},
		} {
			if t.why != "" {
				f.Troubles = append(f.Troubles, t.what+": "+clean(t.why, maxText))
			}
		}
		all = append(all, f)
	}
	return all
}

func (r *Report) faults() (all []faultFacts, more int) {
	for _, a := range r.arms() {
		kept := a.Faults[:min(len(a.Faults), maxFaults)]
		more += len(a.Faults) - len(kept)
		for i := range kept {
			all = append(all, faultFactsOf(a.Name, &kept[i]))
		}
	}
	return all, more
}

func faultFactsOf(arm string, f *evidence.Fault) faultFacts {
	facts := faultFacts{
		Arm: arm, Kind: clean(f.Kind, maxName), On: clean(f.On, maxName),
		From: length(f.Active.From), To: length(f.Active.To), Hits: fmt.Sprint(f.Hits),
	}
	var params []string
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		params = append(params, name+"="+f.Params[name])
	}
	facts.Params = clean(strings.Join(params, " "), maxText)
	if f.NoHits {
		facts.Hits = nothing
	}
	switch {
	case f.Err != "":
		facts.Trouble = "not injected: " + clean(f.Err, maxText)
	case f.Hits == 0 && !f.NoHits:
		facts.Trouble = "hit nothing"
	case !f.Ended:
		facts.Trouble = "not seen to end"
	}
	return facts
}

// lessons are what the protections changed, in this run's figures.
func (r *Report) lessons(promises []row) []string {
	var all []string
	if r.Verdict.Result == verdict.Invalid {
		all = append(all, "This run is INVALID. Read its figures as a hint at what went wrong with it, and run it again.")
	}
	shown, _ := cleanAll(r.Shown, maxVersions)
	with := "the protections"
	if len(shown) > 0 {
		with = listed(shown)
	}
	for _, p := range promises {
		if p.Off != "" && p.On != "" && p.Off != nothing && p.On != nothing {
			all = append(all, fmt.Sprintf("%s: %s without %s, %s with. Promised: %s.", p.Name, p.Off, with, p.On, p.Wanted))
		}
	}
	return all
}

// A checkTable is a table of checks.
type checkTable struct {
	Label, Caption string
	Judged         string // the arm
	Rows           []row
}

// SignatureTable is that of what the off arm must show.
func (p page) SignatureTable() checkTable {
	return checkTable{"Signature", "The signature: how the off arm must break", evidence.Off, p.Signature}
}

// PromiseTable is that of what the on arm must keep.
func (p page) PromiseTable() checkTable {
	return checkTable{"Promises", "The promises: what the on arm must keep", evidence.On, p.Promises}
}

// AlertTable is that of what those who watched the off arm were told.
func (p page) AlertTable() checkTable {
	return checkTable{"Alerts", "The alerts: what those who watch the off arm must be told", evidence.Off, p.Alerts}
}
