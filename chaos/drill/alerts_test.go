package drill_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"brownout/chaos/drill"
	"brownout/chaos/verdict"
	"brownout/dashboards"
	"brownout/internal/metricstore"
)

func TestRuleAlertsPutInWhatIsRecorded(t *testing.T) {
	alerts, err := drill.RuleAlerts(fstest.MapFS{
		"b.yaml": {Data: []byte("groups:\n- name: b\n  rules:\n  - alert: Burns\n    expr: a:bad:rate1 > 1 and a:bad:rate1m > 2\n    for: 2s\n    labels: {kind: symptom}\n" +
			"  - {alert: Blocked, expr: up == 0, for: 500ms, labels: {kind: cause, severity: page}}\n")},
		"a.yaml":   {Data: []byte("groups:\n- name: a\n  rules:\n  - {record: 'a:bad:rate1', expr: one}\n  - {record: 'a:bad:rate1m', expr: one / two}\n")},
		"note.txt": {Data: []byte("no rules")},
	})
	want := []verdict.Alert{
		{Name: "Blocked", Query: "up == 0", For: 0.5, Cause: true},
		{Name: "Burns", Query: "(one) > 1 and (one / two) > 2", For: 2},
	}
	if err != nil || !slices.Equal(alerts, want) {
		t.Errorf("%+v, %v, want %+v", alerts, err, want)
	}
}

func TestRuleAlertsNamesTheFileThatIsWrong(t *testing.T) {
	for want, files := range map[string]fstest.MapFS{
		"there is no rule file": {"a.yml": {Data: []byte("groups: []")}},
		"a.yaml: ":              {"a.yaml": {Data: []byte("groups: {")}},
	} {
		if _, err := drill.RuleAlerts(files); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestEveryAlertCanBeAskedOfADrill(t *testing.T) {
	alerts, err := drill.RuleAlerts(dashboards.Rules())
	if err != nil {
		t.Fatal(err)
	}
	causes := 0
	for _, a := range alerts {
		if err := metricstore.Validate(a.Query); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		for _, metric := range metricstore.Metrics(a.Query) {
			if strings.Contains(metric, ":") {
				t.Errorf("%s asks for %s, which is recorded, and in a drill it is not", a.Name, metric)
			}
		}
		if a.Cause {
			causes++
		}
	}
	if causes == 0 || causes == len(alerts) {
		t.Errorf("%d of %d alerts tell a cause", causes, len(alerts))
	}
}

func TestPlanWithAlerts(t *testing.T) {
	p := planOf(t, "helps: [bulkhead]", "helps: [bulkhead]\nalerts: {must: [{alert: DownstreamSlow, within: 6s}], may: [BreakerOpen]}")
	quick := p.Checks(drill.Quick).Alerts
	if quick == nil || !slices.Equal(quick.Must, []verdict.Raise{{Alert: "DownstreamSlow", Within: 6}}) || !slices.Equal(quick.May, []string{"BreakerOpen"}) {
		t.Fatalf("at quick pace: %+v", quick)
	}
	for _, r := range quick.Rules {
		if !slices.Contains(p.Queries(drill.Quick), r.Query) {
			t.Errorf("%s is not asked for", r.Name)
		}
	}
	if demo := p.Checks(drill.Demo).Alerts; demo != nil {
		t.Errorf("at demo pace: %+v", demo)
	}
}
