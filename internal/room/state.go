package room

import (
	"context"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"

	"brownout/dashboards"
	"brownout/internal/metricstore"
)

// A stateView is the line that stands on every page: what is not as usual. It has no figures that change
// by themselves, so that a screen reader says it again when there is news.
type stateView struct {
	Trouble               string // why nothing is known of the shop
	Blind                 bool   // what alerts there are is not known
	Silent                string // whose faults are not known
	Alerts, Faults, Drill string
}

// Quiet says that there is nothing to say.
func (v stateView) Quiet() bool {
	return v.Trouble == "" && v.Silent == "" && v.Alerts == "" && v.Faults == "" && v.Drill == ""
}

// statePeriod is how old the line may be.
const statePeriod = time.Second

// state returns the line of state.
func (r *Room) state(ctx context.Context) template.HTML {
	html, err := r.looks.get(ctx, "state", statePeriod*9/10, func() (string, error) {
		ctx, cancel := context.WithTimeout(r.ctx, lookTime)
		defer cancel()
		return r.part("refusal", "state", r.lookAtState(ctx))
	})
	if err != nil {
		return ""
	}
	return template.HTML(html)
}

func (r *Room) lookAtState(ctx context.Context) stateView {
	v := stateView{Drill: r.theatre.line()}
	s, err := r.shop()
	if err != nil {
		v.Trouble = sentence(err.Error())
		return v
	}
	alerts, err := r.alerts(ctx)
	v.Blind = err != nil
	if names := firing(alerts); len(names) > 0 {
		v.Alerts = counted(len(names), "alert fires", "alerts fire") + ": " + few(names) + "."
	}
	reports, err := r.lookAtFaults(ctx, s)
	if err != nil {
		v.Silent = "Which faults are active is not known."
	}
	if names := silent(reports); len(names) > 0 {
		v.Silent = few(names) + ": no answer to which faults are active there."
	}
	var faults []string
	for _, f := range active(reports) {
		faults = append(faults, f.Kind+" on "+f.Part)
	}
	if len(faults) > 0 {
		v.Faults = counted(len(faults), "fault is", "faults are") + " active: " + few(faults) + "."
	}
	return v
}

// silent are the parts that do not say what is active there.
func silent(reports []partFaults) []string {
	var names []string
	for _, p := range reports {
		if p.err != nil {
			names = append(names, p.port.name)
		}
	}
	return names
}

// counted writes a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// few writes the first of many names, and how many there are beside them.
func few(names []string) string {
	const most = 6
	slices.Sort(names)
	if len(names) > most {
		names = append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// An alertView is an alert that fires, or will if it stays.
type alertView struct {
	Key                         string // tells it from others of its name
	Name, Job, Summary, Runbook string
	Since                       string // how long it is active
	Pending                     bool
	Stand                       stand
}

// alerts asks for those that are active, those that fire first.
func (r *Room) alerts(ctx context.Context) ([]metricstore.Alert, error) {
	if r.config.Metrics == nil {
		return nil, errNoMetrics
	}
	return r.config.Metrics.Alerts(ctx)
}

// maxAlerts bounds the alerts that are shown, of all that are active.
const maxAlerts = 32

func alertViews(all []metricstore.Alert) []alertView {
	var views []alertView
	for _, a := range all[:min(len(all), maxAlerts)] {
		views = append(views, alertViewOf(a))
	}
	return views
}

func alertViewOf(a metricstore.Alert) alertView {
	v := alertView{
		Key: clean(fmt.Sprintf("%s %q", a.Name, a.Labels)), Name: clean(a.Name), Job: clean(a.Labels["job"]), Summary: clean(a.Annotations["summary"]), Runbook: runbookOf(a),
		Since: time.Since(a.Since).Round(time.Second).String(), Pending: !a.Firing, Stand: failing,
	}
	if v.Pending {
		v.Stand = slow
	}
	return v
}

// runbookOf returns the name of an alert's runbook, "" if there is none of it here.
func runbookOf(a metricstore.Alert) string {
	name := strings.TrimSuffix(path.Base(a.Annotations["runbook"]), ".md")
	if !slices.Contains(dashboards.RunbookNames(), name) {
		return ""
	}
	return name
}

// firing are the names of those that fire, each once.
func firing(all []metricstore.Alert) []string {
	var names []string
	for _, a := range all {
		if name := clean(a.Name); a.Firing && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
