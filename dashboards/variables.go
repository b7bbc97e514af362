package dashboards

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Values are what variables of expressions stand for.
type Values struct {
	Range    time.Duration     // that is shown
	Step     time.Duration     // from point to point
	Scrape   time.Duration     // from scrape to scrape
	Selected map[string]string // regular expressions by the variables' names; one that is not here matches all
}

// everything is what Grafana puts in place of a variable of which all values are selected.
const everything = ".+"

// Expand puts values in the place of variables, as Grafana does: $__rate_interval, $__interval and
// $__range, and the dashboard's own, each also as ${name}.
func (d *Dashboard) Expand(expr string, v Values) string {
	texts := map[string]string{
		"__rate_interval": promDuration(max(v.Step+v.Scrape, 4*v.Scrape)),
		"__interval":      promDuration(max(v.Step, v.Scrape)),
		"__range":         promDuration(v.Range),
	}
	for _, own := range d.Variables {
		texts[own.Name] = everything
		if selected := v.Selected[own.Name]; selected != "" {
			texts[own.Name] = selected
		}
	}
	return replaceVariables(expr, texts)
}

// replaceVariables replaces those that are known; the longer name goes first, so that none is taken
// for the beginning of another.
func replaceVariables(expr string, texts map[string]string) string {
	var pairs []string
	names := slices.SortedFunc(maps.Keys(texts), func(a, b string) int {
		return len(b) - len(a)
	})
	for _, name := range names {
		pairs = append(pairs, "${"+name+"}", texts[name], "$"+name, texts[name])
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}

// promDuration writes a time as PromQL does, to the millisecond and at least that.
func promDuration(d time.Duration) string {
	if d >= time.Second && d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + "ms"
}

// Name returns what a line of a target is called: its legend with the labels in it, or all labels if it
// has no legend.
func (t Target) Name(labels map[string]string) string {
	if t.Legend == "" {
		return written(labels)
	}
	var b strings.Builder
	rest := t.Legend
	for {
		before, after, open := strings.Cut(rest, "{{")
		label, next, closed := strings.Cut(after, "}}")
		if !open || !closed {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(before)
		b.WriteString(labels[strings.TrimSpace(label)])
		rest = next
	}
}

func written(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" {
			parts = append(parts, name+"="+labels[name])
		}
	}
	return strings.Join(parts, " ")
}
