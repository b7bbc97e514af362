package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Markdown writes a report as the beginning of a post-mortem: what the page says, in headings and
// tables, without pictures.
func (r Report) Markdown(w io.Writer) error {
	p := r.page()
	m := &markdown{}
	m.verdict(&p)
	m.story(&p)
	m.checks(&p)
	m.figures(&p)
	m.culprits(&p)
	m.traces(&p)
	m.learn(&p)
	m.again(&p)
	_, err := w.Write(m.Bytes())
	return err
}

// markdown is a text that grows.
type markdown struct{ bytes.Buffer }

// escaper keeps what Markdown gives a meaning, HTML included, from having it.
var escaper = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "!", `\!`, "$", `\$`, "@", `\@`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", `:\//`, "www.", `www\.`,
)

func escape(text string) string { return escaper.Replace(text) }

func (m *markdown) say(format string, args ...any) { fmt.Fprintf(m, format, args...) }

// head begins a section. What follows it begins with an empty line, as all blocks do.
func (m *markdown) head(text string) { m.say("\n## %s\n", escape(text)) }

func (m *markdown) paragraph(text string) {
	if text != "" {
		m.say("\n%s\n", escape(text))
	}
}

func (m *markdown) list(items []string) {
	if len(items) > 0 {
		m.say("\n")
	}
	for _, item := range items {
		m.say("- %s\n", escape(item))
	}
}

// table writes a table; cells are escaped, and empty ones become dashes.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.say("\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, cells := range rows {
		m.say("|")
		for _, cell := range cells {
			m.say(" %s |", escape(orNothing(cell)))
		}
		m.say("\n")
	}
}

// code writes a block as it is, between fences that are longer than any in it.
func (m *markdown) code(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.say("\n%s\n%s\n%s\n", fence, text, fence)
}

func (m *markdown) verdict(p *page) {
	m.say("# %s: %s\n\n**%s** %s\n", escape(p.Result), escape(p.Title), escape(p.Result), escape(p.Meaning))
	m.list(p.Reasons)
	if p.MoreReasons > 0 {
		m.say("- and %d more\n", p.MoreReasons)
	}
}

func (m *markdown) story(p *page) {
	m.head("Story")
	m.paragraph(strings.Join(p.Story, " "))
	var rows [][]string
	for _, f := range p.Facts {
		rows = append(rows, []string{f.Name, f.Value})
	}
	for _, a := range p.Arms {
		how := "with all protections"
		if a.Without != "" {
			how = "without " + a.Without
		}
		rows = append(rows, []string{a.Name + " arm", strings.Join(append([]string{how}, a.Troubles...), "; ")})
	}
	m.table([]string{"", ""}, rows)
	m.faults(p)
}

func (m *markdown) faults(p *page) {
	var rows [][]string
	for _, f := range p.Faults {
		hits := f.Hits
		if f.Trouble != "" {
			hits += " (" + f.Trouble + ")"
		}
		rows = append(rows, []string{f.Kind, f.On, f.Arm, f.From, f.To, hits, f.Params})
	}
	m.table([]string{"Fault", "On", "Arm", "From", "To", "Hits", "Parameters"}, rows)
	if p.MoreFaults > 0 {
		m.say("\n%d more faults are not shown.\n", p.MoreFaults)
	}
}

func (m *markdown) checks(p *page) {
	m.head("Checks")
	for _, t := range []checkTable{p.SignatureTable(), p.PromiseTable(), p.AlertTable()} {
		if len(t.Rows) == 0 {
			continue
		}
		m.paragraph(fmt.Sprintf("%s. The %s arm is judged.", t.Caption, t.Judged))
		var rows [][]string
		for _, r := range t.Rows {
			rows = append(rows, []string{r.Name, r.What, r.result(), r.Off, r.On, r.Wanted, r.Baseline, r.Predicted})
		}
		m.table([]string{"Check", "Measure", "Result", "off, without", "on, with", "Wanted", "Baseline", "Predicted"}, rows)
	}
	var rows [][]string
	for _, i := range p.Invariants {
		rows = append(rows, []string{i.Name, i.Text, i.Off, i.On, strings.Join(i.Violations, "; ")})
	}
	if len(rows) > 0 {
		m.paragraph("The audit: what money and stock must always satisfy.")
	}
	m.table([]string{"Invariant", "Says", "off", "on", "Violations"}, rows)
}

// result says in a word what came of a check.
func (r row) result() string {
	switch {
	case r.Why != "":
		return "not measured: " + r.Why
	case r.Held:
		return "held"
	}
	return "NOT HELD"
}

// figures are the tables of all charts.
func (m *markdown) figures(p *page) {
	m.head("Figures")
	m.alarms(p)
	m.paragraph("Of each arm: over the baseline, while faults were active (trigger), and after.")
	for _, f := range p.Figures {
		title, table := f.Title, f.Table()
		if note := f.Charts[0].Unit.Note(); note != "" {
			title += " (" + note + ")"
		}
		m.say("\n**%s**\n", escape(title))
		var rows [][]string
		for _, r := range table.Rows {
			rows = append(rows, append([]string{r.Name}, r.Values...))
		}
		m.table(append([]string{"Line"}, table.Columns...), rows)
	}
	if len(p.Empty) > 0 {
		m.paragraph("Without any value in this run: " + strings.Join(p.Empty, "; ") + ".")
	}
}

func (m *markdown) alarms(p *page) {
	var rows [][]string
	for _, a := range p.Alarms {
		rows = append(rows, []string{a.Alert, a.Off(), a.On()})
	}
	if len(rows) > 0 {
		m.paragraph("When the alerts of the drill fired, since the load began.")
	}
	m.table([]string{"Alert", "off, without", "on, with"}, rows)
}

func (m *markdown) culprits(p *page) {
	if len(p.Culprits) == 0 {
		return
	}
	m.head("What kept the loops")
	for _, c := range p.Culprits {
		m.say("\n**%s**, in %s, %s arm: turns in phase %s: %d, the first %s into the load, the longest %s.\n",
			escape(c.Name), escape(c.Service), c.Arm, escape(c.Phase), c.Turns, c.First, c.Longest)
		if c.Stack != "" {
			m.code(c.Stack)
		}
	}
}

// maxTold bounds the steps of a trace in Markdown.
const maxTold = 20

func (m *markdown) traces(p *page) {
	if len(p.Falls) == 0 {
		return
	}
	m.head("Slowest requests")
	for _, f := range p.Falls {
		m.paragraph(fmt.Sprintf("%s arm: %s. Trace %s.", f.Arm, f.Note, f.ID))
		var rows [][]string
		for _, s := range f.Steps[:min(len(f.Steps), maxTold)] {
			rows = append(rows, []string{strings.Repeat("· ", s.Depth) + s.Service, s.Name, s.Kind, s.At, s.Length, s.Notes})
		}
		m.table([]string{"Service", "Step", "Kind", "From", "For", "Events"}, rows)
		if more := f.More + len(f.Steps) - len(rows); more > 0 {
			m.say("\n%d later steps are not shown.\n", more)
		}
	}
}

func (m *markdown) learn(p *page) {
	m.head("What to learn")
	m.paragraph(strings.Join(p.Learn, " "))
	m.list(p.Lessons)
	if p.Runbook != "" {
		m.paragraph("Runbook: dashboards/runbooks/" + p.Runbook + ".md")
	}
}

func (m *markdown) again(p *page) {
	m.head("Run it again")
	if p.Command != "" {
		m.code(p.Command)
	}
	var rows [][]string
	for _, v := range p.Versions {
		rows = append(rows, []string{v.Name, v.Value})
	}
	m.table([]string{"Version of", ""}, rows)
}
