package main

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/dashboards"
	"brownout/internal/metricstore"
	"brownout/internal/resilience"
	"brownout/internal/room"
	"brownout/internal/shopfile"
)

var containers = flag.String("containers", "", "the file of a shop in containers that runs: its Prometheus is asked what dashboards ask")

// No panel may be empty before a shop under load, but for those that say what they wait for; and when
// that happens, they may not be either.
func TestNoPanelIsEmpty(t *testing.T) {
	t.Parallel()
	hang(t).fillAll()
}

// Nor may a panel of the Grafana in containers, which asks the Prometheus there.
func TestNoPanelIsEmptyInContainers(t *testing.T) {
	if *containers == "" {
		t.Skip("no -containers are named")
	}
	found, err := shopfile.Read(*containers)
	if err != nil {
		t.Fatal(err)
	}
	prometheus, err := metricstore.NewRemote("http://127.0.0.1:9090")
	if err != nil {
		t.Fatal(err)
	}
	w := wall{&liveShop{&program{t: t, dir: t.TempDir()}, found}, prometheus, dashboards.Boards()}
	w.fillAll()
}

// fillAll waits for data of all panels, and causes what some of them wait for.
func (w *wall) fillAll() {
	w.t.Helper()
	w.fill("the panels of a shop that is well", w.panels(func(q *dashboards.Quiet) bool { return q == nil }))
	for _, q := range w.quiets() {
		undo := w.cause(q)
		w.fill("the panels that have no data "+q.Reason, w.panels(func(other *dashboards.Quiet) bool {
			return other != nil && occasion(other) == occasion(q)
		}))
		undo()
	}
}

// A wall is all dashboards before a shop.
type wall struct {
	*liveShop
	metrics room.Metrics
	boards  []dashboards.Dashboard
}

// onWall is what Grafana would put into the expressions of a quarter of an hour.
var onWall = dashboards.Values{Range: 15 * time.Minute, Scrape: time.Second}

// hang opens a shop with links and load, and has its metrics scraped as a Prometheus does.
func hang(t *testing.T) *wall {
	s := openUp(t, "--links", "--load", "100")
	targets := []metricstore.Target{{Job: "load", URL: s.Load + "/metrics", Token: s.AdminToken}}
	for _, part := range slices.Sorted(maps.Keys(s.Admin)) {
		targets = append(targets, metricstore.Target{Job: part, URL: s.Admin[part] + "/metrics", Token: s.AdminToken})
	}
	store, err := metricstore.Open(metricstore.Config{
		Dir: t.TempDir(), Interval: time.Second, Targets: func() []metricstore.Target { return targets },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &wall{s, store, dashboards.Boards()}
}

// A hung is a panel of a dashboard.
type hung struct {
	board *dashboards.Dashboard
	panel dashboards.Panel
}

// panels are those that ask something, and wait for what is chosen.
func (w *wall) panels(chosen func(*dashboards.Quiet) bool) (all []hung) {
	for i := range w.boards {
		for _, p := range w.boards[i].Panels() {
			if len(p.Targets) > 0 && chosen(p.Quiet) {
				all = append(all, hung{&w.boards[i], p})
			}
		}
	}
	return all
}

// quiets are what panels wait for, each once.
func (w *wall) quiets() (all []*dashboards.Quiet) {
	seen := map[string]bool{}
	for _, h := range w.panels(func(q *dashboards.Quiet) bool { return q != nil }) {
		if key := occasion(h.panel.Quiet); !seen[key] {
			seen[key] = true
			all = append(all, h.panel.Quiet)
		}
	}
	return all
}

// occasion tells what panels wait for apart.
func occasion(q *dashboards.Quiet) string { return fmt.Sprint(q.Fault, q.Params, q.Off, q.On) }

// cause has what panels wait for happen, until it is undone.
func (w *wall) cause(q *dashboards.Quiet) (undo func()) {
	w.t.Helper()
	if q.Off != "" {
		w.switchOff(q.On, resilience.Name(q.Off))
		return func() {}
	}
	admin := fault.Client{URL: w.Admin[q.On], Token: w.AdminToken}
	status, err := admin.Inject(w.t.Context(), fault.Spec{Fault: q.Fault, Params: q.Params, TTL: 2 * patience})
	if err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if _, err := admin.Clear(w.t.Context(), status.ID); err != nil {
			w.t.Error(err)
		}
	}
}

// fill waits until each of some panels has had an answer to all that it asks.
func (w *wall) fill(what string, open []hung) {
	w.t.Helper()
	if len(open) == 0 {
		w.t.Fatalf("there are no panels: %s", what)
	}
	defer func() {
		for _, h := range open {
			w.t.Logf("%s: %s has no data for\n%s", h.board.Name, h.panel.Title, strings.Join(w.unanswered(h), "\n"))
		}
	}()
	eventually(w.t, what+" have data", func() bool {
		open = slices.DeleteFunc(open, func(h hung) bool { return len(w.unanswered(h)) == 0 })
		return len(open) == 0
	})
}

// unanswered are the expressions of a panel that have no value now.
func (w *wall) unanswered(h hung) (exprs []string) {
	for _, target := range h.panel.Targets {
		expr := h.board.Expand(target.Expr, onWall)
		found, err := w.metrics.Query(w.t.Context(), expr, time.Time{})
		if err != nil {
			w.t.Fatalf("%s: %s: %v", h.board.Name, h.panel.Title, err)
		}
		if !slices.ContainsFunc(found, drawable) {
			exprs = append(exprs, expr)
		}
	}
	return exprs
}

// drawable says whether a line has a point that can be drawn.
func drawable(s metricstore.Series) bool {
	return slices.ContainsFunc(s.Points, func(p metricstore.Point) bool { return !math.IsNaN(p.V) && !math.IsInf(p.V, 0) })
}
