package metricstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/annotations"
)

// answerMetadata tells type and help of metrics, as targets have shown them: /api/v1/metadata.
func (s *Store) answerMetadata(_ context.Context, r *request) error {
	limit, err := r.limit("limit", maxListed)
	if err != nil {
		return err
	}
	each, err := r.limit("limit_per_metric", maxListed)
	if err != nil {
		return err
	}
	wanted, all := r.form.Get("metric"), s.fleet.families()
	found := map[string][]family{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(found) < limit && (wanted == "" || wanted == name) {
			found[name] = all[name][:min(len(all[name]), each)]
		}
	}
	r.sendValue(found, annotations.Annotations{})
	return nil
}

// families returns what all targets say of their metrics, by name: what several say alike is there once.
func (f *fleet) families() map[string][]family {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string][]family{}
	for _, id := range slices.Sorted(maps.Keys(f.scrapers)) {
		for name, m := range f.scrapers[id].series.families.all() {
			if !slices.Contains(all[name], m) {
				all[name] = append(all[name], m)
			}
		}
	}
	return all
}

// A targetAnswer is a target as the API tells of it.
type targetAnswer struct {
	DiscoveredLabels   map[string]string `json:"discoveredLabels"`
	Labels             map[string]string `json:"labels"`
	ScrapePool         string            `json:"scrapePool"`
	ScrapeURL          string            `json:"scrapeUrl"`
	GlobalURL          string            `json:"globalUrl"`
	LastError          string            `json:"lastError"`
	LastScrape         time.Time         `json:"lastScrape"`
	LastScrapeDuration float64           `json:"lastScrapeDuration"`
	Health             string            `json:"health"`
	ScrapeInterval     string            `json:"scrapeInterval"`
	ScrapeTimeout      string            `json:"scrapeTimeout"`
}

// answerTargets tells how the last scrape of each target went: /api/v1/targets.
func (s *Store) answerTargets(_ context.Context, r *request) error {
	active, pool := []targetAnswer{}, r.form.Get("scrapePool")
	if strings.ToLower(r.form.Get("state")) != "dropped" {
		for _, status := range s.Status() {
			if pool == "" || pool == status.Labels[jobLabel] {
				active = append(active, s.targetAnswer(status))
			}
		}
	}
	r.sendValue(struct {
		Active  []targetAnswer `json:"activeTargets"`
		Dropped []targetAnswer `json:"droppedTargets"`
		Counts  map[string]int `json:"droppedTargetCounts"`
	}{Active: active}, annotations.Annotations{})
	return nil
}

func (s *Store) targetAnswer(status Status) targetAnswer {
	interval, timeout := s.config.Interval.String(), s.config.Timeout.String()
	at, _ := url.Parse(status.URL) // was checked when it became a target
	return targetAnswer{
		DiscoveredLabels: map[string]string{
			"__address__": at.Host, "__scheme__": at.Scheme, "__metrics_path__": at.Path,
			"__scrape_interval__": interval, "__scrape_timeout__": timeout, jobLabel: status.Labels[jobLabel],
		},
		Labels: status.Labels, ScrapePool: status.Labels[jobLabel], ScrapeURL: status.URL, GlobalURL: status.URL,
		LastError: status.Error, LastScrape: status.At, LastScrapeDuration: status.Took.Seconds(), Health: status.health(),
		ScrapeInterval: interval, ScrapeTimeout: timeout,
	}
}

func (s Status) health() string {
	switch {
	case s.At.IsZero():
		return "unknown"
	case s.Up:
		return "up"
	}
	return "down"
}

// An alertAnswer is an alert as the API tells of it.
type alertAnswer struct {
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	State           string            `json:"state"`
	ActiveAt        time.Time         `json:"activeAt"`
	KeepFiringSince time.Time         `json:"keepFiringSince,omitzero"`
	Value           string            `json:"value"`
}

func alertAnswers(rule *rules.AlertingRule) []alertAnswer {
	all := []alertAnswer{}
	for _, a := range activeAlerts(rule) {
		all = append(all, alertAnswer{
			Labels: a.Labels.Map(), Annotations: a.Annotations.Map(), State: a.State.String(), ActiveAt: a.ActiveAt,
			KeepFiringSince: a.KeepFiringSince, Value: strconv.FormatFloat(a.Value, 'e', -1, 64),
		})
	}
	return all
}

// answerAlerts tells what is pending or fires: /api/v1/alerts.
func (s *Store) answerAlerts(_ context.Context, r *request) error {
	all := []alertAnswer{}
	for _, group := range s.ruler.manager.RuleGroups() {
		for _, rule := range group.Rules() {
			if alerting, ok := rule.(*rules.AlertingRule); ok {
				all = append(all, alertAnswers(alerting)...)
			}
		}
	}
	r.sendValue(map[string][]alertAnswer{"alerts": all}, annotations.Annotations{})
	return nil
}

// A groupAnswer is a group of rules as the API tells of it.
type groupAnswer struct {
	Name           string    `json:"name"`
	File           string    `json:"file"`
	Rules          []any     `json:"rules"` // ruleAnswer or alertingAnswer
	Interval       float64   `json:"interval"`
	Limit          int       `json:"limit"`
	EvaluationTime float64   `json:"evaluationTime"`
	LastEvaluation time.Time `json:"lastEvaluation"`
}

// A ruleAnswer is what the API tells of every rule.
type ruleAnswer struct {
	Name           string            `json:"name"`
	Query          string            `json:"query"`
	Labels         map[string]string `json:"labels"`
	Health         string            `json:"health"`
	LastError      string            `json:"lastError,omitempty"`
	EvaluationTime float64           `json:"evaluationTime"`
	LastEvaluation time.Time         `json:"lastEvaluation"`
	Type           string            `json:"type"`
}

// An alertingAnswer is an alerting rule as the API tells of it.
type alertingAnswer struct {
	State         string            `json:"state"`
	Duration      float64           `json:"duration"`
	KeepFiringFor float64           `json:"keepFiringFor"`
	Annotations   map[string]string `json:"annotations"`
	Alerts        []alertAnswer     `json:"alerts"`
	ruleAnswer
}

// A ruleFilter says which rules are wanted: those of all that it has, if it has any.
type ruleFilter struct {
	names, groups, files []string
	selectors            [][]*labels.Matcher
	kind                 string // "alert", "record" or "" for both
	withoutAlerts        bool
}

func (r *request) ruleFilter() (f ruleFilter, err error) {
	f = ruleFilter{names: r.form["rule_name[]"], groups: r.form["rule_group[]"], files: r.form["file[]"], kind: strings.ToLower(r.form.Get("type"))}
	if f.kind != "" && f.kind != "alert" && f.kind != "record" {
		return f, invalid("type", fmt.Errorf("not supported value %q", f.kind))
	}
	if text := r.form.Get("exclude_alerts"); text != "" {
		if f.withoutAlerts, err = strconv.ParseBool(text); err != nil {
			return f, invalid("exclude_alerts", errors.New("must be a boolean"))
		}
	}
	f.selectors, err = r.selectors()
	return f, err
}

func isOne(of []string, name string) bool { return len(of) == 0 || slices.Contains(of, name) }

// answerRules tells of all rules, and how their last evaluation went: /api/v1/rules.
func (s *Store) answerRules(_ context.Context, r *request) error {
	filter, err := r.ruleFilter()
	if err != nil {
		return err
	}
	groups := []groupAnswer{}
	for _, group := range s.ruler.manager.RuleGroups() {
		if !isOne(filter.groups, group.Name()) || !isOne(filter.files, group.File()) {
			continue
		}
		if answer := filter.answer(group); len(answer.Rules) > 0 {
			groups = append(groups, answer)
		}
	}
	r.sendValue(map[string][]groupAnswer{"groups": groups}, annotations.Annotations{})
	return nil
}

func (f ruleFilter) answer(group *rules.Group) groupAnswer {
	answer := groupAnswer{
		Name: group.Name(), File: group.File(), Rules: []any{}, Interval: group.Interval().Seconds(), Limit: group.Limit(),
		EvaluationTime: group.GetEvaluationTime().Seconds(), LastEvaluation: group.GetLastEvaluation(),
	}
	for _, rule := range group.Rules(f.selectors...) {
		alerting, isAlerting := rule.(*rules.AlertingRule)
		switch {
		case !isOne(f.names, rule.Name()):
		case isAlerting && f.kind != "record":
			answer.Rules = append(answer.Rules, f.alerting(alerting))
		case !isAlerting && f.kind != "alert":
			answer.Rules = append(answer.Rules, newRuleAnswer(rule, "recording"))
		}
	}
	return answer
}

func newRuleAnswer(rule rules.Rule, kind string) ruleAnswer {
	answer := ruleAnswer{
		Name: rule.Name(), Query: rule.Query().String(), Labels: rule.Labels().Map(), Health: string(rule.Health()), Type: kind,
		EvaluationTime: rule.GetEvaluationDuration().Seconds(), LastEvaluation: rule.GetEvaluationTimestamp(),
	}
	if err := rule.LastError(); err != nil {
		answer.LastError = err.Error()
	}
	return answer
}

func (f ruleFilter) alerting(rule *rules.AlertingRule) alertingAnswer {
	answer := alertingAnswer{
		State: rule.State().String(), Duration: rule.HoldDuration().Seconds(), KeepFiringFor: rule.KeepFiringFor().Seconds(),
		Annotations: rule.Annotations().Map(), Alerts: []alertAnswer{}, ruleAnswer: newRuleAnswer(rule, "alerting"),
	}
	if !f.withoutAlerts {
		answer.Alerts = alertAnswers(rule)
	}
	return answer
}

// answerBuild tells the version of the engine: /api/v1/status/buildinfo.
func answerBuild(_ context.Context, r *request) error {
	r.sendValue(map[string]string{
		"version": engineVersion(), "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": strings.TrimPrefix(runtime.Version(), "go"),
	}, annotations.Annotations{})
	return nil
}

// engineModule is the module whose version tells what the engine can do.
const engineModule = "github.com/prometheus/prometheus"

// engineVersion returns the version of the server that has this engine.
func engineVersion() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return unknownVersion
	}
	at := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == engineModule })
	if at < 0 {
		return unknownVersion
	}
	return serverVersion(info.Deps[at].Version)
}

// unknownVersion is that of an engine in a program which was built without its modules' versions, as tests are.
const unknownVersion = "unknown"

// serverVersion returns the version of the server that goes with one of its module: with v0.305.1, 3.5.1.
func serverVersion(module string) string {
	of, ok := strings.CutPrefix(module, "v0.")
	minor, patch, whole := strings.Cut(of, ".")
	n, err := strconv.Atoi(minor)
	if !ok || !whole || err != nil {
		return unknownVersion
	}
	return fmt.Sprintf("%d.%d.%s", n/100, n%100, patch)
}

// answerConfig tells how often targets are scraped and rules evaluated: /api/v1/status/config.
func (s *Store) answerConfig(_ context.Context, r *request) error {
	text := fmt.Sprintf("global:\n  scrape_interval: %v\n  scrape_timeout: %v\n  evaluation_interval: %v\n", s.config.Interval, s.config.Timeout, ruleInterval)
	r.sendValue(map[string]string{"yaml": text}, annotations.Annotations{})
	return nil
}
