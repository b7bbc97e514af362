package dashboards_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"brownout/dashboards"
)

// onScreen is what Grafana would put into expressions.
var onScreen = dashboards.Values{Range: 15 * time.Minute, Step: 2 * time.Second, Scrape: time.Second}

// A question is a target of a panel as Prometheus is asked it.
type question struct {
	where, expr, legend string
	parsed              parser.Expr
}

// questions are those of all dashboards. One that makes no sense is an error.
func questions(t *testing.T) (all []question) {
	t.Helper()
	for _, d := range dashboards.Boards() {
		for _, p := range d.Panels() {
			if p.Kind != dashboards.Text && len(p.Targets) == 0 {
				t.Errorf("%s: %s asks nothing", d.Name, p.Title)
			}
			for _, target := range p.Targets {
				q := question{where: fmt.Sprintf("%s: %s", d.Name, p.Title), expr: d.Expand(target.Expr, onScreen), legend: target.Legend}
				var err error
				if q.parsed, err = parser.NewParser(parser.Options{}).ParseExpr(q.expr); err != nil {
					t.Errorf("%s: %s: %v", q.where, q.expr, err)
					continue
				}
				all = append(all, q)
			}
		}
	}
	return all
}

func TestExpressionsMakeSense(t *testing.T) {
	for _, q := range questions(t) {
		if strings.Contains(q.expr, "$") {
			t.Errorf("%s: a variable is left in %s", q.where, q.expr)
		}
		if q.parsed.Type() != parser.ValueTypeVector {
			t.Errorf("%s: %s is a %s, and no line", q.where, q.expr, q.parsed.Type())
		}
	}
}

// What marks times on all graphs is asked as well.
func TestAnnotationsMakeSense(t *testing.T) {
	for _, d := range dashboards.Boards() {
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Annotations struct {
				List []struct{ Name, Expr, TitleFormat string }
			}
		}
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		for _, a := range file.Annotations.List {
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(a.Expr)
			if err != nil || len(selectors(parsed)) != 1 || !strings.Contains(a.TitleFormat, "{{") {
				t.Errorf("%s: %s: %q, titled %q: %v", d.Name, a.Name, a.Expr, a.TitleFormat, err)
			}
		}
		if len(file.Annotations.List) != 2 {
			t.Errorf("%s: annotations %+v", d.Name, file.Annotations.List)
		}
	}
}

// known is each metric with its labels, from METRICS.md, which is made from what services show.
func known(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	all := prometheusOwn()
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.HasPrefix(line, "| `") {
			continue
		}
		name, kind, own := strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2]), quoted.FindAllString(cells[3], -1)
		for i := range own {
			own[i] = strings.Trim(own[i], "`")
		}
		own = append(own, "job", "instance")
		all[name] = own
		if strings.HasPrefix(kind, "histogram") {
			delete(all, name) // without a suffix it has no line
			all[name+"_bucket"], all[name+"_sum"], all[name+"_count"] = append(own, "le"), own, own
		}
	}
	return all
}

var quoted = regexp.MustCompile("`[^`]+`")

// prometheusOwn are the metrics that Prometheus adds.
func prometheusOwn() map[string][]string {
	return map[string][]string{
		"up":     {"job", "instance"},
		"ALERTS": {"alertname", "alertstate", "job", "instance"},
	}
}

func TestMetricsAndTheirLabelsExist(t *testing.T) {
	metrics := known(t)
	if len(metrics) < 50 {
		t.Fatalf("METRICS.md has %d metrics", len(metrics))
	}
	for _, q := range questions(t) {
		has := map[string]bool{}
		for _, selector := range selectors(q.parsed) {
			own, there := metrics[selector.name]
			if !there {
				t.Errorf("%s: there is no metric %s", q.where, selector.name)
			}
			for _, label := range own {
				has[label] = true
			}
			for _, m := range selector.matchers {
				if m.Name != model.MetricNameLabel && !slices.Contains(own, m.Name) {
					t.Errorf("%s: %s has no label %s", q.where, selector.name, m.Name)
				}
			}
		}
		for _, label := range grouped(q.parsed) {
			if !has[label] {
				t.Errorf("%s: nothing in %s has the label %s", q.where, q.expr, label)
			}
		}
	}
}

// A selector is one metric that an expression asks for.
type selector struct {
	name     string
	matchers []*labels.Matcher
}

func selectors(of parser.Expr) (all []selector) {
	inspect(of, func(n parser.Node) {
		if v, ok := n.(*parser.VectorSelector); ok {
			all = append(all, selector{v.Name, v.LabelMatchers})
		}
	})
	return all
}

// grouped are the labels by which an expression adds up.
func grouped(of parser.Expr) []string {
	all := map[string]bool{}
	inspect(of, func(n parser.Node) {
		if a, ok := n.(*parser.AggregateExpr); ok {
			for _, label := range a.Grouping {
				all[label] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(all))
}

func inspect(of parser.Expr, visit func(parser.Node)) {
	parser.Inspect(of, func(n parser.Node, _ []parser.Node) error {
		if n != nil {
			visit(n)
		}
		return nil
	})
}

// A legend that names a label which was added up would be the same for all lines.
func TestLegendsNameWhatTellsLinesApart(t *testing.T) {
	for _, q := range questions(t) {
		by := grouped(q.parsed)
		for _, found := range inLegend.FindAllStringSubmatch(q.legend, -1) {
			if !slices.Contains(by, found[1]) {
				t.Errorf("%s: %q names %s, and lines are by %q", q.where, q.legend, found[1], by)
			}
		}
		for _, label := range by {
			if label != "le" && !strings.Contains(q.legend, "{{"+label+"}}") {
				t.Errorf("%s: %q does not name %s, by which there are lines", q.where, q.legend, label)
			}
		}
	}
}

var inLegend = regexp.MustCompile(`\{\{(\w+)\}\}`)

// What is rated over less than four scrapes would be empty now and then.
func TestRatesAreOverWhatGrafanaSays(t *testing.T) {
	for _, d := range dashboards.Boards() {
		for _, p := range d.Panels() {
			for _, target := range p.Targets {
				for _, window := range windows.FindAllString(target.Expr, -1) {
					if window != "[$__rate_interval]" && window != "[$__range]" {
						t.Errorf("%s: %s: %s", d.Name, p.Title, window)
					}
				}
			}
		}
	}
}

var windows = regexp.MustCompile(`\[[^\]]*\]`)
