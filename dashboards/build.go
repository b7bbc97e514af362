package dashboards

import (
	"fmt"
	"strings"
)

// Sizes of panels, in columns and rows of the page.
const (
	graphWidth, graphHeight = 8, 8
	statWidth, statHeight   = 3, 4
	statesHeight            = 7
)

// graph is a panel with lines over time. The description says what to look for.
func graph(title, unit, description string, targets ...Target) Panel {
	return Panel{Kind: Graph, Title: title, Unit: unit, Description: description, Targets: targets, Grid: Grid{W: graphWidth, H: graphHeight}}
}

// stat is a panel with the latest value.
func stat(title, unit, description, expr string) Panel {
	return Panel{Kind: Stat, Title: title, Unit: unit, Description: description, Targets: []Target{{Expr: expr, Legend: title}}, Grid: Grid{W: statWidth, H: statHeight}}
}

// states is a panel with a band for each line, whose values have names.
func states(title, description string, target Target, mappings ...Mapping) Panel {
	return Panel{Kind: States, Title: title, Unit: Count, Description: description, Targets: []Target{target}, Mappings: mappings, Grid: Grid{W: Columns, H: statesHeight}}
}

// line is a target. The legend has labels in it.
func line(expr, legend string) Target { return Target{Expr: expr, Legend: legend} }

// wide sets how many columns a panel takes.
func (p Panel) wide(columns int) Panel { p.Grid.W = columns; return p }

// log has values that are far apart on one graph.
func (p Panel) log() Panel { p.Log = true; return p }

// stacked has lines add up.
func (p Panel) stacked() Panel { p.Stacked = true; return p }

// begins links to the runbooks that begin with what the panel shows.
func (p Panel) begins(runbooks ...string) Panel { p.Runbooks = runbooks; return p }

// rises says from which values on a panel shows what should be looked at, and what is bad.
func (p Panel) rises(warn, bad float64) Panel {
	p.Thresholds = []Threshold{{lowest(), Good}, {warn, Warn}, {bad, Bad}}
	return p
}

// falls says below which values a panel shows what is bad, and what should be looked at.
func (p Panel) falls(bad, warn float64) Panel {
	p.Thresholds = []Threshold{{lowest(), Bad}, {bad, Warn}, {warn, Good}}
	return p
}

// never says that any value from one on is bad.
func (p Panel) never() Panel {
	p.Thresholds = []Threshold{{lowest(), Good}, {1, Bad}}
	return p
}

// quietUntil says that there is no data until a fault is injected into a part; params are pairs.
func (p Panel) quietUntil(reason, fault, on string, params ...string) Panel {
	q := &Quiet{Reason: reason, Fault: fault, On: on, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		q.Params[params[i]] = params[i+1]
	}
	p.Quiet = q
	return p
}

// quietUnless says that there is no data unless a protection of a part is switched off.
func (p Panel) quietUnless(reason, protection, on string) Panel {
	p.Quiet = &Quiet{Reason: reason, Off: protection, On: on}
	return p
}

// rate is how much a counter rises a second, added up by labels. The selector may be empty.
func rate(counter, selector string, by ...string) string {
	return fmt.Sprintf("sum%s (rate(%s[$__rate_interval]))", grouping(by), selected(counter, selector))
}

// quantile is a quantile of a histogram by labels; there is none where nothing was observed.
func quantile(q float64, histogram, selector string, by ...string) string {
	return fmt.Sprintf("histogram_quantile(%g, %s) >= 0", q, rate(histogram+"_bucket", selector, append([]string{"le"}, by...)...))
}

// share is which part of a counter's rise has a selector, of all that has another, by labels: 0 where
// it has none, nothing where nothing rises.
func share(counter, of, all string, by ...string) string {
	part, whole := rate(counter, joined(all, of), by...), rate(counter, all, by...)
	return fmt.Sprintf("(%s or 0 * %s) / %s >= 0", part, whole, whole)
}

func selected(metric, selector string) string {
	if selector == "" {
		return metric
	}
	return metric + "{" + selector + "}"
}

func joined(a, b string) string { return strings.Trim(a+", "+b, ", ") }

func grouping(by []string) string {
	if len(by) == 0 {
		return ""
	}
	return " by (" + strings.Join(by, ", ") + ")"
}

// jobs is the variable by which a dashboard looks at some of the parts, those that show a metric.
func jobs(metric string) Variable {
	return Variable{Name: "job", Label: "Part", Query: fmt.Sprintf("label_values(%s, job)", metric)}
}

// chosen selects the parts of that variable.
const chosen = `job=~"$job"`
