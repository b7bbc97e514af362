package dashboards_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/template"
)

// A ruleTest is a file in the format of promtool test rules, as far as the tests here use it.
type ruleTest struct {
	path      string
	RuleFiles []string      `yaml:"rule_files"`
	Every     time.Duration `yaml:"evaluation_interval"`
	Order     []string      `yaml:"group_eval_order"` // of the groups
	Scenes    []scene       `yaml:"tests"`
}

// A scene is series, and the alerts that fire on them.
type scene struct {
	Name     string        `yaml:"name"`
	Interval time.Duration `yaml:"interval"` // of the samples
	Series   []struct {
		Name   string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Expected []expectation `yaml:"alert_rule_test"`
}

// An expectation is what fires of an alert at a time; nothing if that is empty.
type expectation struct {
	At    time.Duration `yaml:"eval_time"`
	Alert string        `yaml:"alertname"`
	Fires []firing      `yaml:"exp_alerts"`
}

type firing struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// ruleTests reads all files.
func ruleTests(t *testing.T) []ruleTest {
	t.Helper()
	paths, err := filepath.Glob("prometheus/tests/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no test of a rule: ", err)
	}
	all := make([]ruleTest, len(paths))
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalWithOptions(text, &all[i], yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[i].path = path
	}
	return all
}

// groups reads the rule files that a test names, in the order that it wants.
func (r *ruleTest) groups(t *testing.T) []rulefmt.RuleGroup {
	t.Helper()
	var all []rulefmt.RuleGroup
	for _, pattern := range r.RuleFiles {
		paths, err := filepath.Glob(filepath.Join(filepath.Dir(r.path), pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: rule_files: there is no %s: %v", r.path, pattern, err)
		}
		for _, path := range paths {
			all = append(all, parseRules(t, path)...)
		}
	}
	for _, g := range all {
		if !slices.Contains(r.Order, g.Name) {
			t.Fatalf("%s: group_eval_order has no group %s", r.path, g.Name)
		}
	}
	slices.SortFunc(all, func(a, b rulefmt.RuleGroup) int {
		return slices.Index(r.Order, a.Name) - slices.Index(r.Order, b.Name)
	})
	return all
}

// parseRules reads a rule file as Prometheus does.
func parseRules(t *testing.T, path string) []rulefmt.RuleGroup {
	t.Helper()
	parsed, errs := rulefmt.ParseFile(path, false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	for _, err := range errs {
		t.Error(err)
	}
	if len(errs) > 0 {
		t.FailNow()
	}
	return parsed.Groups
}

// A player evaluates the rules of groups on the series of a scene.
type player struct {
	groups   []rulefmt.RuleGroup
	loader   *promqltest.LazyLoader
	recorded map[string][]labels.Labels   // the last time, by rule
	since    map[string]map[string]active // by alert, and by the labels of what its expression found
}

// An active is one thing that an alert's expression finds, without a break since a time.
type active struct {
	since  time.Time
	sample promql.Sample
}

func newPlayer(t *testing.T, s *scene, groups []rulefmt.RuleGroup) *player {
	t.Helper()
	var load strings.Builder
	fmt.Fprintf(&load, "load %v\n", model.Duration(s.Interval))
	for _, series := range s.Series {
		fmt.Fprintf(&load, "  %s %s\n", series.Name, series.Values)
	}
	loader, err := promqltest.NewLazyLoader(load.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loader.Close(); err != nil {
			t.Error(err)
		}
	})
	return &player{groups, loader, map[string][]labels.Labels{}, map[string]map[string]active{}}
}

// play evaluates all rules at each step until a time, and calls check after each.
func (p *player) play(t *testing.T, until, every time.Duration, check func(at time.Duration)) {
	t.Helper()
	for at := time.Duration(0); at <= until; at += every {
		now := time.Unix(0, 0).UTC().Add(at)
		p.loader.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
		for _, g := range p.groups {
			for i := range g.Rules {
				if err := p.evaluate(&g.Rules[i], now); err != nil {
					t.Fatalf("%s%s at %v: %v", g.Rules[i].Record, g.Rules[i].Alert, at, err)
				}
			}
		}
		check(at)
	}
}

func (p *player) evaluate(r *rulefmt.Rule, now time.Time) error {
	query, err := p.loader.QueryEngine().NewInstantQuery(p.loader.Context(), p.loader.Queryable(), nil, r.Expr, now)
	if err != nil {
		return err
	}
	defer query.Close()
	found, err := query.Exec(p.loader.Context()).Vector()
	if err != nil {
		return err
	}
	if r.Record != "" {
		return p.record(r.Record, found, now)
	}
	p.note(r.Alert, found, now)
	return nil
}

// record keeps what a rule found under its name. What it found the last time and does not any more is stale.
func (p *player) record(name string, found promql.Vector, now time.Time) error {
	to := p.loader.Storage().AppenderV2(p.loader.Context())
	add := func(l labels.Labels, v float64) error {
		_, err := to.Append(0, l, 0, now.UnixMilli(), v, nil, nil, storage.AOptions{})
		return err
	}
	gone := p.recorded[name]
	p.recorded[name] = nil
	for _, s := range found {
		l := labels.NewBuilder(s.Metric).Set(model.MetricNameLabel, name).Labels()
		if err := add(l, s.F); err != nil {
			return err
		}
		p.recorded[name] = append(p.recorded[name], l)
		gone = slices.DeleteFunc(gone, func(g labels.Labels) bool { return labels.Equal(g, l) })
	}
	for _, l := range gone {
		if err := add(l, math.Float64frombits(value.StaleNaN)); err != nil {
			return err
		}
	}
	return to.Commit()
}

// note keeps since when each thing that an alert's expression finds is there.
func (p *player) note(alert string, found promql.Vector, now time.Time) {
	before := p.since[alert]
	p.since[alert] = map[string]active{}
	for _, s := range found {
		s.Metric = s.Metric.Copy()
		row := active{now, s}
		if was, ok := before[s.Metric.String()]; ok {
			row.since = was.since
		}
		p.since[alert][s.Metric.String()] = row
	}
}

// firing returns what fires of an alert now.
func (p *player) firing(r *rulefmt.Rule, now time.Time) ([]firing, error) {
	var all []firing
	for _, key := range slices.Sorted(maps.Keys(p.since[r.Alert])) {
		row := p.since[r.Alert][key]
		if now.Sub(row.since) < time.Duration(r.For) {
			continue
		}
		f, err := announce(r, row.sample)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// announce makes the labels and annotations of an alert that fires on a sample.
func announce(r *rulefmt.Rule, s promql.Sample) (firing, error) {
	own := s.Metric.Map()
	delete(own, model.MetricNameLabel)
	data := template.AlertTemplateData(own, nil, "", s)
	expand := func(texts map[string]string) (map[string]string, error) {
		all := map[string]string{}
		for name, text := range texts {
			expanded, err := template.NewTemplateExpander(context.Background(), "{{$labels := .Labels}}{{$value := .Value}}"+text,
				r.Alert, data, model.Time(s.T), nil, &url.URL{}, nil).Expand()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all[name] = expanded
		}
		return all, nil
	}
	added, err := expand(r.Labels)
	if err != nil {
		return firing{}, err
	}
	maps.Copy(own, added)
	annotations, err := expand(r.Annotations)
	return firing{own, annotations}, err
}
