package report

import (
	"fmt"
	"slices"
	"strings"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/chart"
)

// A row is a check as a table shows it: what was judged in one arm, beside the same measure of the
// other arm.
type row struct {
	Name, What string
	Held       bool
	Off, On    string // measured; "" if the arm was not run
	Wanted     string
	Baseline   string
	Predicted  string
	Why        string // why nothing was measured
}

// signature are the rows of what the off arm was to show.
func (r *Report) signature() []row {
	other := r.as(evidence.On, evidence.Off).Signature
	return rows(r.Verdict.Signature, func(i int) (off, on *verdict.Finding) {
		return &r.Verdict.Signature[i], nth(other, i, &r.Verdict.Signature[i])
	})
}

// promises are the rows of what the on arm was to keep.
func (r *Report) promises() []row {
	other := r.as(evidence.Off, evidence.On).Promises
	return rows(r.Verdict.Promises, func(i int) (off, on *verdict.Finding) {
		return nth(other, i, &r.Verdict.Promises[i]), &r.Verdict.Promises[i]
	})
}

// alerts are the rows of those that had to fire in the off arm, and of those that did and should not have.
func (r *Report) alerts() []row {
	all := rows(r.Verdict.Alerts, func(i int) (off, on *verdict.Finding) { return &r.Verdict.Alerts[i], nil })
	for i := range all {
		if r.Verdict.Alerts[i].Check.AtMost == "" {
			all[i].Wanted = "none, for it is not of this drill"
		}
	}
	return all
}

// as judges an arm as if it were the other one, for the figures: what would have come of the
// promises without protections?
func (r *Report) as(arm, other string) verdict.Verdict {
	a := r.Run.Arms[arm]
	if a == nil {
		return verdict.Verdict{}
	}
	run := *r.Run
	run.Arms = map[string]*evidence.Arm{other: a}
	return verdict.Judge(r.Checks, &run)
}

// nth is the finding that stands where the one of the other arm does, nil if there is none of
// that name.
func nth(all []verdict.Finding, i int, of *verdict.Finding) *verdict.Finding {
	if i >= len(all) || all[i].Check.Name != of.Check.Name {
		return nil
	}
	return &all[i]
}

// maxRows bounds a table of findings.
const maxRows = 64

func rows(findings []verdict.Finding, both func(i int) (off, on *verdict.Finding)) []row {
	var all []row
	for i := range findings[:min(len(findings), maxRows)] {
		f := &findings[i]
		off, on := both(i)
		all = append(all, row{
			Name: clean(f.Check.Name, maxName), What: clean(what(&f.Check), maxText), Held: f.Held,
			Off: measured(off), On: measured(on),
			Wanted: wanted(f), Baseline: baseline(f), Predicted: predicted(f), Why: clean(f.Unmeasured, maxText),
		})
	}
	return all
}

func measured(f *verdict.Finding) string {
	switch {
	case f == nil:
		return ""
	case f.Unmeasured != "":
		return nothing
	}
	return amount(f.Check.Measure, f.Measured)
}

func baseline(f *verdict.Finding) string {
	switch m := f.Check.Measure; {
	case f.Unmeasured != "" || f.Baseline == 0:
		return nothing
	case m == verdict.Attempts:
		return chart.Count.Format(f.Baseline) + " a request"
	default:
		return amount(m, f.Baseline)
	}
}

func predicted(f *verdict.Finding) string {
	if f.Check.Predicted == "" || f.Unmeasured != "" {
		return nothing
	}
	text := amount(f.Check.Measure, f.Predicted)
	if f.Check.Within > 0 {
		text += fmt.Sprintf(" ± %s %%", chart.Count.Format(f.Check.Within*100))
	}
	return text + formula(f.Check.Predicted)
}

func wanted(f *verdict.Finding) string {
	var bounds []string
	for _, b := range []struct {
		sign    string
		formula verdict.Formula
		value   float64
	}{{"≥", f.Check.AtLeast, f.AtLeast}, {"≤", f.Check.AtMost, f.AtMost}} {
		switch {
		case b.formula == "":
		case f.Unmeasured != "":
			bounds = append(bounds, b.sign+" "+clean(string(b.formula), maxText))
		default:
			bounds = append(bounds, b.sign+" "+amount(f.Check.Measure, b.value)+formula(b.formula))
		}
	}
	if len(bounds) == 0 {
		return nothing
	}
	return strings.Join(bounds, ", ")
}

// formula is that of a bound in brackets, if it says more than its value.
func formula(f verdict.Formula) string {
	if !strings.ContainsAny(string(f), "+-*/(") {
		return ""
	}
	return " = " + clean(string(f), maxText)
}

// what says what a check measures.
func what(c *verdict.Check) string {
	during := " during " + string(c.During)
	switch {
	case c.Measure == verdict.Recovery, c.Measure == verdict.Alarm:
		during = ""
	case c.During == "":
		during = " during harm"
	}
	return subject(c) + during + part(c)
}

// part says which part of its span a check is about.
func part(c *verdict.Check) string {
	switch {
	case c.Skip > 0 && c.For > 0:
		return ", " + chart.Seconds.Format(c.For) + " of it after its first " + chart.Seconds.Format(c.Skip)
	case c.Skip > 0:
		return " without its first " + chart.Seconds.Format(c.Skip)
	case c.For > 0:
		return ", its first " + chart.Seconds.Format(c.For)
	}
	return ""
}

func subject(c *verdict.Check) string {
	of := "all routes"
	if len(c.Routes) > 0 {
		of = listed(c.Routes)
	}
	switch c.Measure {
	case verdict.Goodput:
		return "goodput of " + of + ", as a share of the baseline's"
	case verdict.Latency, verdict.Refusal:
		q := c.Quantile
		if q == 0 {
			q = 0.99
		}
		return fmt.Sprintf("%s of %s, p%s", c.Measure, of, chart.Count.Format(q*100))
	case verdict.Recovery:
		return "time from the last fault's end until goodput of " + of + " is back"
	case verdict.Alarm:
		return "time from the first fault's beginning until it fires: " + c.Query
	case verdict.Attempts:
		return "attempts for each request, as a multiple of the baseline's: " + c.Query
	}
	reduce := c.Reduce
	if reduce == "" {
		reduce = verdict.Max
	}
	return string(reduce) + " of " + c.Query
}

// An invariant is one of the audit, in both arms.
type invariant struct {
	Name, Text string
	Off, On    string   // "holds", "violated", "violated, as it may", "not checked: …"; "" if the arm has none
	Violations []string // some of them
}

// What is told of an audit at most.
const (
	maxInvariants = 24
	maxViolations = 5 // of an invariant in an arm
)

// invariants are those of both arms, in the audit's order.
func (r *Report) invariants() []invariant {
	var all []invariant
	for _, a := range r.arms() {
		for _, book := range a.Books[:min(len(a.Books), maxInvariants)] {
			i := slices.IndexFunc(all, func(i invariant) bool { return i.Name == clean(book.Name, maxName) })
			if i < 0 {
				i = len(all)
				all = append(all, invariant{Name: clean(book.Name, maxName), Text: clean(book.Text, maxText)})
			}
			all[i].add(a.Name, book, slices.Contains(r.Checks.Breaks, book.Name))
		}
	}
	return all
}

func (i *invariant) add(arm string, book evidence.Invariant, mayBreak bool) {
	state := "holds"
	switch {
	case !book.Holds && mayBreak && arm == evidence.Off:
		state = "violated, as it may"
	case !book.Holds:
		state = "violated"
	case book.NotChecked != "":
		state = "not checked: " + clean(book.NotChecked, maxText)
	}
	if arm == evidence.Off {
		i.Off = state
	} else {
		i.On = state
	}
	told, more := cleanAll(book.Violations, maxViolations)
	for _, v := range told {
		i.Violations = append(i.Violations, arm+": "+v)
	}
	if more > 0 {
		i.Violations = append(i.Violations, fmt.Sprintf("%s: and %d more", arm, more))
	}
}
