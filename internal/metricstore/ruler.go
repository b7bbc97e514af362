package metricstore

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// An Alert is raised by a rule whose expression has a value.
type Alert struct {
	Name string
	// Firing says that it has been active for as long as its rule asks; before, it is pending.
	Firing      bool
	Labels      map[string]string // alertname among them
	Annotations map[string]string
	Value       float64   // of the expression, when it was last evaluated
	Since       time.Time // when it became active
}

// Alerts returns what is pending or fires: that which fires first, then by name and labels. There is no error.
func (s *Store) Alerts(context.Context) ([]Alert, error) {
	all := []Alert{}
	for _, rule := range s.ruler.manager.AlertingRules() {
		for _, a := range activeAlerts(rule) {
			all = append(all, Alert{
				Name: rule.Name(), Firing: a.State == rules.StateFiring, Labels: a.Labels.Map(), Annotations: a.Annotations.Map(),
				Value: a.Value, Since: a.ActiveAt,
			})
		}
	}
	sortAlerts(all)
	return all, nil
}

func sortAlerts(all []Alert) {
	slices.SortStableFunc(all, func(a, b Alert) int { return cmp.Or(a.rank()-b.rank(), cmp.Compare(a.Name, b.Name)) })
}

// rank is less for what is more pressing.
func (a Alert) rank() int {
	if a.Firing {
		return 0
	}
	return 1
}

// activeAlerts returns the alerts of a rule that are pending or fire, by their labels.
func activeAlerts(rule *rules.AlertingRule) []*rules.Alert {
	active := rule.ActiveAlerts()
	slices.SortFunc(active, func(a, b *rules.Alert) int { return labels.Compare(a.Labels, b.Labels) })
	return active
}

// A ruler evaluates rules, and writes what comes of them into the database.
type ruler struct {
	manager *rules.Manager
	log     *slog.Logger

	mu      sync.Mutex
	failing map[rules.Rule]bool // by the last evaluation
}

// newRuler begins to evaluate the rules of a book. The context ends evaluations; stop must be called, too.
func newRuler(ctx context.Context, book ruleBook, engine *promql.Engine, into sink, log *slog.Logger) (*ruler, error) {
	r := &ruler{log: log, failing: map[rules.Rule]bool{}}
	r.manager = rules.NewManager(&rules.ManagerOptions{
		ExternalURL:  &url.URL{},
		QueryFunc:    rules.EngineQueryFunc(engine, into.db),
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
		Context:      ctx,
		AppendableV2: into,
		Queryable:    into.db,
		Logger:       slog.New(slog.DiscardHandler), // which would be told of a rule that fails each time
		GroupLoader:  book,
		Parser:       newParser(),
	})
	if err := r.manager.Update(ruleInterval, slices.Sorted(maps.Keys(book)), labels.EmptyLabels(), "", r.evaluate); err != nil {
		return nil, err
	}
	go r.manager.Run()
	return r, nil
}

// stop ends all evaluations, and waits for them.
func (r *ruler) stop() { r.manager.Stop() }

// evaluate evaluates a group once.
func (r *ruler) evaluate(ctx context.Context, group *rules.Group, at time.Time) {
	rules.DefaultEvalIterationFunc(ctx, group, at)
	if ctx.Err() != nil {
		return
	}
	for _, rule := range group.Rules() {
		r.note(group, rule)
	}
}

// note logs that a rule fails, or does not any more.
func (r *ruler) note(group *rules.Group, rule rules.Rule) {
	err := rule.LastError()
	r.mu.Lock()
	failed := r.failing[rule]
	r.failing[rule] = err != nil
	r.mu.Unlock()
	switch {
	case err != nil && !failed:
		r.log.Warn("metricstore: rule fails", "group", group.Name(), "rule", rule.Name(), "err", err)
	case err == nil && failed:
		r.log.Info("metricstore: rule has a result again", "group", group.Name(), "rule", rule.Name())
	}
}

// A sink is the database as rules write to it: it takes nothing while there is no room.
type sink struct {
	db   *tsdb.DB
	full func() bool
}

// AppenderV2 implements storage.AppendableV2.
func (s sink) AppenderV2(ctx context.Context) storage.AppenderV2 {
	to := s.db.AppenderV2(ctx)
	if s.full() || s.db.Head().NumSeries() >= maxSeries {
		return refusing{to}
	}
	return to
}

// A refusing appender takes nothing.
type refusing struct{ storage.AppenderV2 }

// Append implements storage.AppenderV2.
func (refusing) Append(storage.SeriesRef, labels.Labels, int64, int64, float64, *histogram.Histogram, *histogram.FloatHistogram, storage.AOptions) (storage.SeriesRef, error) {
	return 0, errFull
}
