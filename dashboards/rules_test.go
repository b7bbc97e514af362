package dashboards_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"brownout/dashboards"
)

// longestFor is how long an alert waits at most: a brownout of the lab is over in seconds.
const longestFor = 10 * time.Second

// alerts returns all that there are, by name.
func alerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	paths, err := filepath.Glob("prometheus/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]rulefmt.Rule{}
	for _, path := range paths {
		for _, g := range parseRules(t, path) {
			for _, r := range g.Rules {
				if _, twice := all[r.Alert]; twice {
					t.Errorf("%s: %s is there twice", path, r.Alert)
				}
				if r.Alert != "" {
					all[r.Alert] = r
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("there is no alert")
	}
	return all
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	for name, r := range alerts(t) {
		if kind := r.Labels["kind"]; kind != "symptom" && kind != "cause" {
			t.Errorf("%s: kind %q: want symptom or cause", name, kind)
		}
		if severity := r.Labels["severity"]; severity != "page" && severity != "ticket" {
			t.Errorf("%s: severity %q: want page or ticket", name, severity)
		}
		if time.Duration(r.For) > longestFor {
			t.Errorf("%s: for %v: want at most %v", name, r.For, longestFor)
		}
		if r.Annotations["summary"] == "" || !strings.Contains(r.Annotations["description"], "$value") {
			t.Errorf("%s: want a summary, and a description with the value", name)
		}
		page, found := strings.CutPrefix(r.Annotations["runbook"], "dashboards/runbooks/")
		if _, err := os.Stat(filepath.Join("runbooks", page)); !found || filepath.Ext(page) != ".md" || err != nil {
			t.Errorf("%s: runbook %q: want a page of dashboards/runbooks", name, r.Annotations["runbook"])
		}
	}
}

func TestRulesAreEmbedded(t *testing.T) {
	onDisk, err := filepath.Glob("prometheus/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := fs.Glob(dashboards.Rules(), "*.yaml")
	if err != nil || len(embedded) != len(onDisk) {
		t.Errorf("%v are embedded, want %v: %v", embedded, onDisk, err)
	}
}

func TestAlertsFireAndDoNot(t *testing.T) {
	for _, file := range ruleTests(t) {
		groups := file.groups(t)
		for i := range file.Scenes {
			s := &file.Scenes[i]
			t.Run(filepath.Base(file.path)+"/"+s.Name, func(t *testing.T) {
				if len(s.Expected) == 0 {
					t.Fatal("expects nothing")
				}
				s.play(t, groups, file.Every)
			})
		}
	}
}

// play plays a scene up to the last expectation, and holds what fires against all of them.
func (s *scene) play(t *testing.T, groups []rulefmt.RuleGroup, every time.Duration) {
	p := newPlayer(t, s, groups)
	last := slices.MaxFunc(s.Expected, func(a, b expectation) int { return int(a.At - b.At) }).At
	p.play(t, last, every, func(at time.Duration) {
		for _, e := range s.Expected {
			if e.At >= at && e.At < at+every {
				s.compare(t, p, e, at)
			}
		}
	})
}

func (s *scene) compare(t *testing.T, p *player, e expectation, at time.Duration) {
	r := ruleOf(t, p.groups, e.Alert)
	got, err := p.firing(r, time.Unix(0, 0).Add(at))
	if err != nil {
		t.Fatal(err)
	}
	var want []firing
	for _, f := range e.Fires {
		f.Labels["alertname"] = e.Alert
		want = append(want, f)
	}
	for i := range got {
		got[i].Labels["alertname"] = e.Alert
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s at %v: fires\n%v, want\n%v", e.Alert, e.At, got, want)
	}
}

func ruleOf(t *testing.T, groups []rulefmt.RuleGroup, alert string) *rulefmt.Rule {
	t.Helper()
	for _, g := range groups {
		for i := range g.Rules {
			if g.Rules[i].Alert == alert {
				return &g.Rules[i]
			}
		}
	}
	t.Fatalf("there is no alert %s", alert)
	return nil
}

func TestEveryAlertIsSeenToFireAndNotTo(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, file := range ruleTests(t) {
		for _, s := range file.Scenes {
			for _, e := range s.Expected {
				if len(e.Fires) > 0 {
					fires[e.Alert] = true
				} else {
					silent[e.Alert] = true
				}
			}
		}
	}
	for name := range alerts(t) {
		if !fires[name] || !silent[name] {
			t.Errorf("%s: seen to fire: %v, and to be silent though it nearly would: %v; want both in prometheus/tests", name, fires[name], silent[name])
		}
	}
}

// What promtool says of the same files is what Prometheus itself does with them.
func TestPromtoolAgrees(t *testing.T) {
	promtool := promtool(t)
	tests, err := filepath.Glob("prometheus/tests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Glob("prometheus/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		append([]string{"check", "rules"}, rules...),
		{"check", "config", "--syntax-only", "prometheus/prometheus.yml"},
		append([]string{"test", "rules"}, tests...),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if out, err := exec.CommandContext(ctx, promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// promtool returns the program. Without it a test is skipped, or fails where BROWNOUT_REQUIRE, a list with commas,
// names prometheus.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err == nil:
		return path
	case slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), "prometheus"):
		t.Fatalf("%v, and BROWNOUT_REQUIRE names prometheus", err)
	}
	t.Skip(err)
	return ""
}

// The parts of the shop, as scrapes, rules and drills name them.
func TestPrometheusScrapesEveryPart(t *testing.T) {
	text, err := os.ReadFile("prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Jobs []struct {
			Targets []struct {
				Labels map[string]string `yaml:"labels"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	var jobs []string
	for _, j := range config.Jobs {
		for _, target := range j.Targets {
			jobs = append(jobs, target.Labels["job"])
		}
	}
	slices.Sort(jobs)
	if want := []string{"bank-a", "bank-b", "gateway", "inventory", "links", "load", "payments"}; !slices.Equal(jobs, want) {
		t.Errorf("jobs %v, want %v", jobs, want)
	}
}

func TestRulesAskForMetricsAndLabelsThatExist(t *testing.T) {
	metrics := known(t)
	paths, err := filepath.Glob("prometheus/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		for _, g := range parseRules(t, path) {
			for _, r := range g.Rules {
				askExisting(t, metrics, r)
			}
		}
	}
}

// lookback is for how long Brownout's own store sees a sample, ten scrapes; a Prometheus does for five minutes.
const lookback = 10 * time.Second

// What is recorded less often is gone by the time that another group asks for it.
func TestWhatIsSeldomRecordedIsAskedForInItsOwnGroup(t *testing.T) {
	paths, err := filepath.Glob("prometheus/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var groups []rulefmt.RuleGroup
	for _, path := range paths {
		groups = append(groups, parseRules(t, path)...)
	}
	seldom := map[string]string{} // the group of what is recorded, by its name
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Record != "" && time.Duration(g.Interval) > lookback {
				seldom[r.Record] = g.Name
			}
		}
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			for _, s := range selectors(expression(t, r)) {
				if group := seldom[s.name]; group != "" && group != g.Name {
					t.Errorf("%s%s: asks for %s, which group %s records, and is in %s", r.Record, r.Alert, s.name, group, g.Name)
				}
			}
		}
	}
}

func expression(t *testing.T, r rulefmt.Rule) parser.Expr {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// askExisting looks at the metrics that a rule asks for. What is recorded has colons in its name.
func askExisting(t *testing.T, metrics map[string][]string, r rulefmt.Rule) {
	t.Helper()
	for _, s := range selectors(expression(t, r)) {
		own, there := metrics[s.name]
		if !there && !strings.Contains(s.name, ":") {
			t.Errorf("%s%s: there is no metric %s", r.Record, r.Alert, s.name)
		}
		for _, m := range s.matchers {
			if there && m.Name != model.MetricNameLabel && !slices.Contains(own, m.Name) {
				t.Errorf("%s%s: %s has no label %s", r.Record, r.Alert, s.name, m.Name)
			}
		}
	}
}
