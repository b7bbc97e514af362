package drill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/evidence"
	"brownout/internal/metricstore"
	"brownout/internal/service"
	"brownout/internal/shopfile"
)

const (
	scrapeInterval = 500 * time.Millisecond
	// maxGraphs bounds the series that are kept of one expression.
	maxGraphs = 256
)

// A witness sees what happens in the shop of an arm: metrics, traces, long turns.
type witness struct {
	dir     string
	arm     *evidence.Arm
	file    *shopfile.Shop
	metrics *metricstore.Store
	traces  traces
}

func newWitness(dir string, a *evidence.Arm) *witness { return &witness{dir: dir, arm: a} }

// listen opens what the shop sends its traces to.
func (w *witness) listen() error { return w.traces.listen() }

// otlp is where traces go.
func (w *witness) otlp() string { return w.traces.url() }

// watch begins to scrape the parts of a shop.
func (w *witness) watch(file *shopfile.Shop) (err error) {
	w.file = file
	var targets []metricstore.Target
	for _, name := range slices.Sorted(maps.Keys(file.Admin)) {
		targets = append(targets, metricstore.Target{Job: name, URL: file.Admin[name] + "/metrics", Token: file.AdminToken})
	}
	w.metrics, err = metricstore.Open(metricstore.Config{
		Dir: filepath.Join(w.dir, "metrics"), Interval: scrapeInterval, Targets: func() []metricstore.Target { return targets },
	})
	return err
}

func (w *witness) close() error {
	var err error
	if w.metrics != nil {
		err = w.metrics.Close()
	}
	return errors.Join(err, w.traces.close())
}

// testify puts what was seen into the arm's evidence: what the checks ask, and what a report
// shows.
func (w *witness) testify(ctx context.Context, queries []string) error {
	if !waitUntil(ctx, time.Now().Add(2*scrapeInterval)) { // for the last scrape
		return context.Cause(ctx)
	}
	w.arm.Queries = map[string][]evidence.Graph{}
	for _, p := range Panels() {
		queries = append(queries, p.Query)
	}
	slices.Sort(queries)
	for _, q := range slices.Compact(queries) {
		graphs, err := w.ask(ctx, q)
		if err != nil {
			return fmt.Errorf("query %s: %w", q, err)
		}
		w.arm.Queries[q] = graphs
	}
	w.arm.Turns = w.turns(ctx)
	w.arm.Traces = w.traces.slowest(w.arm)
	return nil
}

// ask asks an expression over the whole of the arm.
func (w *witness) ask(ctx context.Context, query string) ([]evidence.Graph, error) {
	from, to := w.arm.Started, w.arm.Started.Add(w.arm.Length.To)
	series, err := w.metrics.QueryRange(ctx, query, from, to, evidence.GraphStep)
	if err != nil {
		return nil, err
	}
	if len(series) > maxGraphs {
		return nil, fmt.Errorf("it has %d series, more than the %d that are kept", len(series), maxGraphs)
	}
	graphs := make([]evidence.Graph, 0, len(series))
	for _, s := range series {
		g := evidence.Graph{Labels: s.Labels, Points: make([]evidence.Point, 0, len(s.Points))}
		for _, p := range s.Points {
			g.Points = append(g.Points, evidence.Point{At: p.T.Sub(from), Value: p.V})
		}
		graphs = append(graphs, finite(g))
	}
	return graphs, nil
}

// finite leaves out what JSON cannot say: a ratio of nothing to nothing is no value.
func finite(g evidence.Graph) evidence.Graph {
	g.Points = slices.DeleteFunc(g.Points, func(p evidence.Point) bool { return p.Value-p.Value != 0 })
	return g
}

// turns are the long turns of all loops during the load.
func (w *witness) turns(ctx context.Context) []evidence.LongTurn {
	s := &stage{file: w.file}
	var all []evidence.LongTurn
	for _, part := range s.parts() {
		text, err := s.ask(ctx, http.MethodGet, part, "/debug/loop", nil)
		if err != nil {
			continue // it has no loop, or is gone
		}
		var report service.LoopReport
		if json.Unmarshal(text, &report) != nil {
			continue
		}
		for _, t := range report.LongTurns {
			at := t.At.Sub(w.arm.Started)
			if at < 0 || at > w.arm.Length.To {
				continue
			}
			all = append(all, evidence.LongTurn{
				Service: part, At: at, Name: t.Name, Phase: t.Phase, Age: time.Duration(t.Age * float64(time.Second)), Stack: t.Stack,
			})
		}
	}
	return all
}
