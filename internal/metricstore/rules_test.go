package metricstore_test

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

// ruled has a store evaluate rules.
func ruled(text string) func(*metricstore.Config) {
	return func(c *metricstore.Config) {
		c.Interval = time.Second
		c.Rules = []metricstore.RuleFile{{Name: "rules.yaml", Text: []byte(text)}}
	}
}

const hot = `
groups:
  - name: heat
    rules:
      - record: job:x:sum
        expr: sum by (job) (x)
      - alert: Hot
        expr: job:x:sum > 5
        for: 3s
        labels: {severity: cause}
        annotations: {summary: "{{ $labels.job }} is at {{ $value }}"}
`

func TestAnAlertIsPendingBeforeItFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, ruled(hot))
		stop := l.serve(t, "gateway:80", text("x{a=\"1\"} 3\nx{a=\"2\"} 4\n"))
		l.set(target("gateway"))
		time.Sleep(3 * time.Second)
		l.expect(`job:x:sum{job="gateway"}`, 7)
		l.expectAlert(false)
		l.expect(`ALERTS{alertname="Hot",alertstate="pending",severity="cause",job="gateway"}`, 1)
		time.Sleep(4 * time.Second)
		l.expectAlert(true)
		l.expect(`ALERTS{alertstate="firing"}`, 1)
		l.expectNothing(`ALERTS{alertstate="pending"}`)
		stop()
		l.serve(t, "gateway:80", text("x 1\n"))
		time.Sleep(3 * time.Second)
		if alerts := l.alerts(); len(alerts) > 0 {
			t.Errorf("there are alerts: %+v", alerts)
		}
		l.expectNothing(`ALERTS`)
		l.expect(`job:x:sum`, 1)
	})
}

// alerts are those that are pending or fire.
func (l *lab) alerts() []metricstore.Alert {
	l.t.Helper()
	all, err := l.Alerts(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func (l *lab) expectAlert(firing bool) {
	l.t.Helper()
	alerts := l.alerts()
	if len(alerts) != 1 {
		l.t.Fatalf("there are alerts: %+v, want one", alerts)
	}
	a := alerts[0]
	want := map[string]string{"alertname": "Hot", "job": "gateway", "severity": "cause"}
	if a.Name != "Hot" || a.Firing != firing || a.Value != 7 || !maps.Equal(a.Labels, want) || a.Annotations["summary"] != "gateway is at 7" || a.Since.IsZero() {
		l.t.Errorf("%+v, want Hot of gateway at 7, firing %v", a, firing)
	}
}

func TestWhatFiresComesBeforeWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, ruled(`{groups: [{name: g, rules: [
			{alert: A, expr: vector(1), for: 1h}, {alert: C, expr: vector(1)}, {alert: B, expr: 'label_replace({__name__=~"up|x"}, "at", "$1", "instance", "(.*)")'}]}]}`))
		l.serve(t, "gateway:80", text("x 1\n"))
		l.set(target("gateway"))
		time.Sleep(3 * time.Second)
		var got []string
		for _, a := range l.alerts() {
			got = append(got, fmt.Sprint(a.Name, " ", a.Firing))
		}
		if want := "[C true A false]"; fmt.Sprint(got) != want { // of B both series would be the same alert, which is an error
			t.Errorf("%v, want %s", got, want)
		}
	})
}

func TestAGroupHasItsOwnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, ruled(`{groups: [{name: slow, interval: 5s, rules: [{record: slow, expr: vector(1)}]}, {name: g, rules: [{record: usual, expr: vector(1)}]}]}`))
		time.Sleep(30 * time.Second)
		l.expect(`count_over_time(slow[20s])`, 4)
		l.expect(`count_over_time(usual[20s])`, 20)
	})
}

// A rule that fails is told of once, when it begins to fail, and once when it does not any more; the others go on.
func TestARuleThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		l := open(t, ruled(`{groups: [{name: g, rules: [{record: broken, expr: 'x * on() y'}, {record: well, expr: 'vector(1)'}]}]}`), func(c *metricstore.Config) {
			c.Log = slog.New(slog.NewTextHandler(log, nil))
		})
		stop := l.serve(t, "gateway:80", text("x{a=\"1\"} 1\nx{a=\"2\"} 1\ny{a=\"1\"} 1\ny{a=\"2\"} 1\n"))
		l.set(target("gateway"))
		time.Sleep(20 * time.Second)
		l.expectNothing(`broken`)
		l.expect(`well`, 1)
		if told := log.with("rule fails"); len(told) != 1 || !strings.Contains(told[0], "rule=broken") {
			t.Errorf("the log has %q, want one line that names the rule", told)
		}
		stop()
		l.serve(t, "gateway:80", text("x 2\ny 3\n"))
		time.Sleep(5 * time.Second)
		l.expect(`broken`, 6)
		if told := log.with("has a result again"); len(told) != 1 {
			t.Errorf("the log has %q, want one line", told)
		}
	})
}

func TestARuleMayNotRaiseTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, ruled(`{groups: [{name: g, limit: 5000, rules: [{alert: Each, expr: x}, {record: each, expr: x}, {alert: One, expr: 'x{i="1"}'}]}]}`))
		var b strings.Builder
		for i := range 1001 {
			fmt.Fprintf(&b, "x{i=\"%d\"} 1\n", i)
		}
		l.serve(t, "gateway:80", text(b.String()))
		l.set(target("gateway"))
		time.Sleep(4 * time.Second)
		l.expectNothing(`count(each)`)
		l.expect(`count(ALERTS)`, 1)
		l.expect(`count(ALERTS{alertname="One"})`, 1)
	})
}

func TestRuleFilesThatAreRefused(t *testing.T) {
	const good = `{groups: [{name: g, rules: [{record: a, expr: b}]}]}`
	long := `{groups: [{name: g, rules: [{record: a, expr: "` + strings.Repeat("1+", 9000) + `1"}]}]}`
	many := "{groups: [{name: g, rules: [" + strings.Repeat("{record: a, expr: b},", 513) + "]}]}"
	groups := "groups:\n"
	for i := range 65 {
		groups += fmt.Sprintf("- {name: g%d, rules: [{record: a, expr: b}]}\n", i)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no YAML", "groups: [", "rules.yaml: yaml: line 1"},
		{"unknown member", "groups:\n- name: g\n  rules:\n  - {record: a, exp: b}\n", "line 4: field exp not found"},
		{"no expression", "groups:\n- name: g\n  rules:\n  - {record: a}\n", "rules.yaml:"},
		{"expression", "groups:\n- name: g\n  rules:\n  - record: a\n    expr: rate(b)\n", "rules.yaml:5:11: group \"g\", rule 1, \"a\": could not parse expression: 1:6"},
		{"template", "groups:\n- name: g\n  rules:\n  - {record: a, expr: b}\n  - alert: A\n    expr: b\n    annotations: {summary: '{{ nonsense }}'}\n", "rules.yaml:6: group \"g\", rule 2, \"A\": annotation \"summary\""},
		{"label", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: b\n    labels: {'a-b': c}\n", "rules.yaml:5: group \"g\", rule 1, \"A\": invalid label name: a-b"},
		{"group twice", good[:len(good)-2] + `,{name: g, rules: []}]}`, `groupname: "g" is repeated`},
		{"two documents", good + "\n---\n" + good + "\n", "rules.yaml:"},
		{"quick group", `{groups: [{name: g, interval: 100ms, rules: []}]}`, `group "g": an interval of 100ms is less than 250ms`},
		{"long expression", long, `group "g", rule "a": an expression is longer than 16384 bytes`},
		{"many rules", many, "513 rules are more than 512"},
		{"many groups", groups, "65 groups are more than 64"},
		{"long file", strings.Repeat("#", 1<<20+1), "rules.yaml: longer than 1048576 bytes"},
	} {
		files := []metricstore.RuleFile{{Name: "good.yaml", Text: []byte(good)}, {Name: "rules.yaml", Text: []byte(tt.text)}}
		if tt.name == "many rules" || tt.name == "many groups" {
			files = files[1:]
		}
		err := metricstore.CheckRules(files)
		if err == nil || !strings.HasPrefix(err.Error(), "metricstore: rules: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if _, err := metricstore.Open(metricstore.Config{Dir: t.TempDir(), Rules: files}); err == nil {
			t.Errorf("%s: a store took it", tt.name)
		}
	}
	if err := metricstore.CheckRules([]metricstore.RuleFile{{Name: "a", Text: []byte(good)}, {Name: "a", Text: []byte(good)}}); err == nil || !strings.Contains(err.Error(), "two files are called a") {
		t.Errorf("a file twice: %v", err)
	}
}

func TestReadRules(t *testing.T) {
	files := fstest.MapFS{"rules/b.yaml": {Data: []byte("B")}, "rules/a.yaml": {Data: []byte("A")}, "other.yaml": {Data: []byte("O")}}
	found, err := metricstore.ReadRules(files, "rules/*.yaml", "*/b.yaml")
	if err != nil || fmt.Sprintf("%s", found) != "[{rules/a.yaml A} {rules/b.yaml B}]" {
		t.Errorf("%s, %v", found, err)
	}
	for _, pattern := range []string{"none/*.yaml", "["} {
		if _, err := metricstore.ReadRules(files, pattern); err == nil || !strings.Contains(err.Error(), pattern) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

func FuzzCheckRules(f *testing.F) {
	f.Add(hot)
	f.Add("groups:\n- name: g\n  rules:\n  - {alert: a, expr: 'b > 1', for: 1m}\n---\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		if err := metricstore.CheckRules([]metricstore.RuleFile{{Name: "f", Text: []byte(text)}}); err != nil && !strings.Contains(err.Error(), "f") {
			t.Errorf("an error without the file: %v", err)
		}
	})
}
