package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/chart"
)

// A Comparison is two runs side by side.
type Comparison struct {
	Runs [2]Side `json:"runs"`
	// Differences say how the runs themselves differ: what came of them can be due to that.
	Differences []string `json:"differences"`
	Findings    []Pair   `json:"findings"`
}

// A Side is one of the two runs.
type Side struct {
	Name     string              `json:"name"` // as it was given
	Drill    string              `json:"drill"`
	Pace     string              `json:"pace"`
	Seed     uint64              `json:"seed"`
	Started  time.Time           `json:"started"`
	Versions map[string]string   `json:"versions,omitempty"`
	Disabled map[string][]string `json:"disabled"` // protections, by arm
	Capacity float64             `json:"capacity,omitempty"`
	Result   verdict.Result      `json:"result"`
	Reasons  []string            `json:"reasons"`
}

// A Pair is one check in both runs.
type Pair struct {
	Arm     string          `json:"arm"` // that is judged by it
	Name    string          `json:"name"`
	Measure verdict.Measure `json:"measure"`
	// Findings are those of the runs; nil where a run has no such check.
	Findings [2]*verdict.Finding `json:"findings"`
	// Difference is the second run's measure less the first's, and Ratio their quotient;
	// nil where there is none.
	Difference *float64 `json:"difference,omitempty"`
	Ratio      *float64 `json:"ratio,omitempty"`
}

// Compare puts two runs, called by names, side by side. They are usually of one drill, but need
// not be.
func Compare(names [2]string, reports [2]Report) Comparison {
	var c Comparison
	for i := range reports {
		c.Runs[i] = side(names[i], &reports[i])
	}
	c.Differences = differences(&c.Runs[0], &c.Runs[1])
	first, second := reports[0].Verdict, reports[1].Verdict
	c.Findings = append(pairs(evidence.Off, first.Signature, second.Signature), pairs(evidence.On, first.Promises, second.Promises)...)
	return c
}

func side(name string, r *Report) Side {
	s := Side{
		Name: name, Drill: r.Run.Drill, Pace: r.Run.Pace, Seed: r.Run.Seed, Started: r.Run.Started, Versions: r.Run.Versions,
		Disabled: map[string][]string{}, Capacity: r.Run.Calibration.Capacity, Result: r.Verdict.Result, Reasons: r.Verdict.Reasons,
	}
	for _, a := range r.arms() {
		s.Disabled[a.Name] = append([]string{}, a.Disabled...)
	}
	return s
}

// differences say in what the runs are not alike.
func differences(a, b *Side) []string {
	all := []string{}
	differ := func(what string, x, y any) {
		if first, second := fmt.Sprint(x), fmt.Sprint(y); first != second {
			all = append(all, fmt.Sprintf("%s: %s, %s", what, orNothing(first), orNothing(second)))
		}
	}
	differ("drill", a.Drill, b.Drill)
	differ("pace", a.Pace, b.Pace)
	differ("seed", a.Seed, b.Seed)
	for _, arm := range []string{evidence.Off, evidence.On} {
		differ(arm+" arm", armText(a, arm), armText(b, arm))
	}
	for _, name := range slices.Sorted(maps.Keys(union(a.Versions, b.Versions))) {
		differ("version of "+name, a.Versions[name], b.Versions[name])
	}
	return all
}

func armText(s *Side, arm string) string {
	disabled, run := s.Disabled[arm]
	switch {
	case !run:
		return "not run"
	case len(disabled) == 0:
		return "with all protections"
	}
	return "without " + listed(disabled)
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return all
}

// pairs joins findings by their names, in the order of the first run.
func pairs(arm string, first, second []verdict.Finding) []Pair {
	all := []Pair{}
	find := func(name string, in []verdict.Finding) *verdict.Finding {
		if i := slices.IndexFunc(in, func(f verdict.Finding) bool { return f.Check.Name == name }); i >= 0 {
			return &in[i]
		}
		return nil
	}
	for i := range first {
		all = append(all, pair(arm, &first[i], find(first[i].Check.Name, second)))
	}
	for i := range second {
		if find(second[i].Check.Name, first) == nil {
			all = append(all, pair(arm, nil, &second[i]))
		}
	}
	return all
}

func pair(arm string, a, b *verdict.Finding) Pair {
	either := a
	if a == nil {
		either = b
	}
	p := Pair{Arm: arm, Name: either.Check.Name, Measure: either.Check.Measure, Findings: [2]*verdict.Finding{a, b}}
	if a == nil || b == nil || !alike(a, b) {
		return p
	}
	difference := b.Measured - a.Measured
	p.Difference = &difference
	if a.Measured != 0 {
		ratio := b.Measured / a.Measured
		p.Ratio = &ratio
	}
	return p
}

// alike says whether two findings have figures of the same kind; no recovery is no figure.
func alike(a, b *verdict.Finding) bool {
	never := func(f *verdict.Finding) bool { return f.Check.Measure == verdict.Recovery && f.Measured < 0 }
	return a.Unmeasured == "" && b.Unmeasured == "" && a.Check.Measure == b.Check.Measure && !never(a) && !never(b)
}

// JSON writes a comparison for programs.
func (c Comparison) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(c) }

// Text writes a comparison for people at a terminal.
func (c Comparison) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = clean(cells[i], maxName)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	a, b := &c.Runs[0], &c.Runs[1]
	row("", a.Name, b.Name)
	row("drill", a.Drill, b.Drill)
	row("verdict", string(a.Result), string(b.Result))
	row("began", a.Started.UTC().Format(time.DateTime), b.Started.UTC().Format(time.DateTime))
	row("capacity", capacity(a), capacity(b))
	fmt.Fprintln(t)
	row("check", "first", "second", "difference")
	for _, p := range c.Findings {
		row(p.Arm+": "+p.Name, p.figure(0), p.figure(1), p.difference())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return c.notes(w)
}

// notes are the lists below the table.
func (c Comparison) notes(w io.Writer) error {
	var b strings.Builder
	for _, list := range []struct {
		title string
		items []string
	}{
		{"The runs differ in", c.Differences}, {"First, " + string(c.Runs[0].Result), c.Runs[0].Reasons}, {"Second, " + string(c.Runs[1].Result), c.Runs[1].Reasons},
	} {
		items, more := cleanAll(list.items, maxReasons)
		if len(items) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", clean(list.title, maxName))
		for _, item := range items {
			fmt.Fprintf(&b, "  %s\n", item)
		}
		if more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func capacity(s *Side) string {
	if s.Capacity == 0 {
		return nothing
	}
	return chart.Count.Format(s.Capacity) + " a second"
}

// figure is what a run measured, and whether it was as wanted.
func (p *Pair) figure(i int) string {
	f := p.Findings[i]
	switch {
	case f == nil:
		return nothing
	case f.Held:
		return "✓ " + measured(f)
	}
	return "✗ " + measured(f)
}

// difference is how the second differs from the first: in percentage points where shares are
// compared.
func (p *Pair) difference() string {
	if p.Difference == nil {
		return nothing
	}
	sign := "+"
	if *p.Difference < 0 {
		sign = ""
	}
	text := sign + amount(p.Measure, *p.Difference)
	switch p.Measure {
	case verdict.Goodput:
		return fmt.Sprintf("%+.1f points", *p.Difference*100)
	case verdict.Recovery:
		text = sign + chart.Seconds.Format(*p.Difference) // where less than nothing is not "never"
	}
	if p.Ratio != nil {
		text += fmt.Sprintf(" (× %s)", chart.Count.Format(*p.Ratio))
	}
	return text
}
