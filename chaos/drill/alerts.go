package drill

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"brownout/chaos/verdict"
	"brownout/dashboards"
)

// Alerts are those that the off arm of a drill must raise and may raise, at quick pace: how long incidents of
// the demo pace take is for people who watch.
type Alerts struct {
	Must []verdict.Raise
	May  []string // of those that tell a cause; symptoms may always be
	// rules are all alerts that there are.
	rules []verdict.Alert
}

func (a *Alerts) shape() shape {
	return object{members: []member{
		{"must", "Those that fire, each within a time from the beginning of the first fault.", true, list(&a.Must, 1, maxEntries, raiseShape)},
		{"may", "Those of a cause that may fire beside them; no other of a cause may.", false, list(&a.May, 0, maxEntries, func(s *string) shape { return text(s, alertRule) })},
	}}
}

func raiseShape(r *verdict.Raise) shape {
	var within time.Duration
	return object{
		members: []member{
			{"alert", "Its name, as dashboards/prometheus/rules has it.", true, text(&r.Alert, alertRule)},
			{"within", "From the beginning of the first fault.", true, duration(&within, time.Second, time.Minute)},
		},
		then: func(*reader, string) { r.Within = within.Seconds() },
	}
}

// checks are what a verdict looks at; nil if the drill says nothing of alerts.
func (a *Alerts) checks() *verdict.Alerts {
	if a == nil {
		return nil
	}
	return &verdict.Alerts{Rules: a.rules, Must: a.Must, May: a.May}
}

// alerts looks at whether the alerts that the plan names are there, each once, and fire before the load ends.
func (c *checker) alerts() {
	a := c.plan.Alerts
	if a == nil {
		return
	}
	var err error
	if a.rules, err = RuleAlerts(dashboards.Rules()); err != nil {
		c.wrong("alerts", "cannot be looked at: %v", err)
		return
	}
	harm := c.plan.harm(Quick)
	var seen []string
	for i, m := range a.Must {
		at := fmt.Sprintf("alerts.must[%d]", i)
		if within := time.Duration(m.Within * float64(time.Second)); within > harm {
			c.wrong(join(at, "within"), "is after the end of the load, which is %v after the first fault at quick pace; want less", harm)
		}
		seen = c.alert(join(at, "alert"), m.Alert, seen)
	}
	for i, name := range a.May {
		seen = c.alert(fmt.Sprintf("alerts.may[%d]", i), name, seen)
	}
}

// alert looks at one, and returns it with those that were seen before.
func (c *checker) alert(path, name string, seen []string) []string {
	var names []string
	for _, r := range c.plan.Alerts.rules {
		names = append(names, r.Name)
	}
	switch {
	case !slices.Contains(names, name):
		c.wrong(path, "%q is no alert; want one of %s", name, strings.Join(names, ", "))
	case slices.Contains(seen, name):
		c.wrong(path, "%s is there twice", name)
	}
	return append(seen, name)
}

// A rule is one of a file of Prometheus: something that is recorded, or an alert.
type rule struct {
	Record string
	Alert  string
	Expr   string
	For    time.Duration
	Labels struct{ Kind string }
}

// RuleAlerts reads the alerts of all rule files, *.yaml, sorted by their names. What an alert asks of what is recorded is put
// into its expression, for a run of a drill records nothing. An error names the file.
func RuleAlerts(files fs.FS) ([]verdict.Alert, error) {
	paths, err := fs.Glob(files, "*.yaml")
	if err == nil && len(paths) == 0 {
		err = errors.New("there is no rule file")
	}
	if err != nil {
		return nil, err
	}
	var rules []rule
	for _, path := range paths {
		more, err := readRules(files, path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rules = append(rules, more...)
	}
	put := recordings(rules)
	var all []verdict.Alert
	for _, r := range rules {
		if r.Alert != "" {
			all = append(all, verdict.Alert{Name: r.Alert, Query: put.Replace(r.Expr), For: r.For.Seconds(), Cause: r.Labels.Kind == "cause"})
		}
	}
	slices.SortFunc(all, func(a, b verdict.Alert) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func readRules(files fs.FS, path string) ([]rule, error) {
	text, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all, nil
}

// recordings puts expressions in the place of the names that they are recorded under. By convention such a name has colons, so
// that no metric and no text of an expression is mistaken for one. The longest goes first, for one may begin with
// another.
func recordings(rules []rule) *strings.Replacer {
	recorded := slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return r.Record == "" })
	slices.SortFunc(recorded, func(a, b rule) int { return cmp.Compare(len(b.Record), len(a.Record)) })
	var pairs []string
	for _, r := range recorded {
		pairs = append(pairs, r.Record, "("+strings.TrimSpace(r.Expr)+")")
	}
	return strings.NewReplacer(pairs...)
}
