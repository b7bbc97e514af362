package room

import (
	"cmp"
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
	Trouble               string
	Alerts, Faults, Drill string
}

// Quiet says that there is nothing to say.
func (v stateView) Quiet() bool { return v.Alerts == "" && v.Faults == "" && v.Drill == "" }

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
	s, err := r.shop()
	if err != nil {
		return stateView{Trouble: err.Error(), Drill: r.theatre.line()}
	}
	v := stateView{Drill: r.theatre.line()}
	if names := firing(r.alerts()); len(names) > 0 {
		v.Alerts = counted(len(names), "alert fires", "alerts fire") + ": " + strings.Join(names, ", ") + "."
	}
	var faults []string
	for _, f := range active(r.lookAtFaults(ctx, s)) {
		faults = append(faults, f.Kind+" on "+f.Part)
	}
	if len(faults) > 0 {
		v.Faults = counted(len(faults), "fault is", "faults are") + " active: " + strings.Join(few(faults), ", ") + "."
	}
	return v
}

// counted writes a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// few leaves the first of many names.
func few(names []string) []string {
	const most = 6
	slices.Sort(names)
	if len(names) <= most {
		return names
	}
	return append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
}

// An alertView is an alert that fires, or will if it stays.
type alertView struct {
	Name, Job, Summary, Runbook string
	Since                       string // how long it is active
	Pending                     bool
	Stand                       stand
}

// maxAlerts bounds the alerts that are shown, of all that are active.
const maxAlerts = 32

// alerts are those that are active, those that fire first.
func (r *Room) alerts() []alertView {
	if r.config.Metrics == nil {
		return nil
	}
	var all []alertView
	for _, a := range r.config.Metrics.Alerts() {
		if len(all) < maxAlerts {
			all = append(all, alertViewOf(a))
		}
	}
	slices.SortStableFunc(all, func(a, b alertView) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

func rank(a alertView) int {
	if a.Pending {
		return 1
	}
	return 0
}

func alertViewOf(a metricstore.Alert) alertView {
	v := alertView{
		Name: clean(a.Name), Job: clean(a.Labels["job"]), Summary: clean(a.Annotations["summary"]), Runbook: runbookOf(a),
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
func firing(all []alertView) []string {
	var names []string
	for _, a := range all {
		if !a.Pending && !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return few(names)
}
