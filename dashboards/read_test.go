package dashboards_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/dashboards"
)

func TestExpand(t *testing.T) {
	d := dashboards.Dashboard{Variables: []dashboards.Variable{{Name: "job"}, {Name: "job_of"}}}
	for _, tt := range []struct {
		expr   string
		values dashboards.Values
		want   string
	}{
		{`rate(a[$__rate_interval])`, dashboards.Values{Scrape: time.Second}, `rate(a[4s])`},
		{`rate(a[$__rate_interval])`, dashboards.Values{Scrape: time.Second, Step: 10 * time.Second}, `rate(a[11s])`},
		{`rate(a[${__rate_interval}])`, dashboards.Values{Scrape: 500 * time.Millisecond}, `rate(a[2s])`},
		{`a[$__interval] + b[$__range]`, dashboards.Values{Scrape: time.Second, Step: 1500 * time.Millisecond, Range: time.Hour}, `a[1500ms] + b[3600s]`},
		{`a[$__interval]`, dashboards.Values{}, `a[1ms]`},
		{`a{job=~"$job", of=~"${job_of}|$job_of"}`, dashboards.Values{Selected: map[string]string{"job_of": "x|y"}}, `a{job=~".+", of=~"x|y|x|y"}`},
		{`a{job=~"$other"}`, dashboards.Values{}, `a{job=~"$other"}`},
	} {
		if got := d.Expand(tt.expr, tt.values); got != tt.want {
			t.Errorf("%s of %+v is %s, want %s", tt.expr, tt.values, got, tt.want)
		}
	}
}

func TestNamesOfLines(t *testing.T) {
	labels := map[string]string{"__name__": "a", "job": "gateway", "route": "checkout"}
	for legend, want := range map[string]string{
		"":                     "job=gateway route=checkout",
		"all":                  "all",
		"{{job}} → {{ route}}": "gateway → checkout",
		"{{none}}!":            "!",
		"{{job":                "{{job",
		"a }} {{job}}":         "a }} gateway",
	} {
		if got := (dashboards.Target{Legend: legend}).Name(labels); got != want {
			t.Errorf("%q is %q, want %q", legend, got, want)
		}
	}
}

func TestLevelsAndTexts(t *testing.T) {
	p := dashboards.Panel{
		Thresholds: []dashboards.Threshold{{At: 1, Level: dashboards.Warn}, {At: 2, Level: dashboards.Bad}},
		Mappings:   []dashboards.Mapping{{Value: 2, Text: "open", Level: dashboards.Bad}},
	}
	for v, want := range map[float64]dashboards.Level{0: dashboards.Plain, 1: dashboards.Warn, 1.5: dashboards.Warn, 2: dashboards.Bad, 9: dashboards.Bad} {
		if got := p.Level(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
	if text, level := p.Text(2); text != "open" || level != dashboards.Bad {
		t.Errorf("2 is %q, %q", text, level)
	}
	if text, level := p.Text(1); text != "" || level != dashboards.Plain {
		t.Errorf("1 is %q, %q", text, level)
	}
}

// exported is a dashboard as Grafana exports it: with members that are not drawn here, rows that are
// collapsed, and panels before the first row.
const exported = `{
	"title": "Theirs", "uid": "x1", "id": 7, "style": "dark", "refresh": false,
	"templating": {"list": [{"name": "job", "label": "Job", "type": "query", "query": {"query": "label_values(up, job)", "refId": "A"}}, {"name": "ds", "type": "datasource", "query": "prometheus"}]},
	"panels": [
		{"id": 1, "type": "gauge", "title": "Load", "datasource": "Prometheus", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "targets": [{"expr": "load", "hide": false}], "pluginVersion": "12",
			"fieldConfig": {"defaults": {"unit": "s", "thresholds": {"mode": "absolute", "steps": [{"color": "dark-red", "value": 9}, {"color": "semi-dark-green", "value": null}]},
				"mappings": [{"type": "value", "options": {"1": {"text": "one", "color": "yellow"}, "x": {"text": "no number"}}}, {"type": "range", "options": {"from": 2, "to": 3, "result": {"text": "a range"}}}]}}},
		{"type": "row", "title": "Closed", "collapsed": true, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": [
			{"id": 3, "type": "timeseries", "title": "Inside", "gridPos": {"x": 0, "y": 9, "w": 24, "h": 8}, "targets": []}]},
		{"type": "row", "title": "Open", "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1}},
		{"id": 4, "type": "text", "title": "After", "gridPos": {"x": 12, "y": 10, "w": 12, "h": 2}, "options": {"content": "Hello."}}
	]
}`

func TestReadTakesWhatGrafanaExports(t *testing.T) {
	got, err := dashboards.Read([]byte(exported))
	if err != nil {
		t.Fatal(err)
	}
	gauge := got.Rows[0].Panels[0]
	if len(gauge.Thresholds) != 2 || gauge.Level(0) != dashboards.Good || gauge.Level(9) != dashboards.Bad {
		t.Errorf("thresholds %+v", gauge.Thresholds)
	}
	gauge.Thresholds = nil
	got.Rows[0].Panels[0] = gauge
	want := dashboards.Dashboard{
		Name: "x1", Title: "Theirs", Variables: []dashboards.Variable{{Name: "job", Label: "Job", Query: "label_values(up, job)"}},
		Rows: []dashboards.Row{
			{Panels: []dashboards.Panel{{
				ID: 1, Kind: "gauge", Title: "Load", Unit: "s", Grid: dashboards.Grid{W: 12, H: 8}, Targets: []dashboards.Target{{Expr: "load"}},
				Mappings: []dashboards.Mapping{{Value: 1, Text: "one", Level: dashboards.Warn}},
			}}},
			{Title: "Closed", Panels: []dashboards.Panel{{ID: 3, Kind: dashboards.Graph, Title: "Inside", Grid: dashboards.Grid{Y: 9, W: 24, H: 8}}}},
			{Title: "Open", Panels: []dashboards.Panel{{ID: 4, Kind: dashboards.Text, Title: "After", Grid: dashboards.Grid{X: 12, Y: 10, W: 12, H: 2}, Content: "Hello."}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	panel := func(members string) string {
		return `{"title": "x", "panels": [{"type": "stat", "title": "p", "gridPos": {"x": 0, "y": 0, "w": 4, "h": 4}` + members + `}]}`
	}
	for _, tt := range []struct{ text, want string }{
		{``, `dashboard: line 1, column 1: unexpected end of JSON input`},
		{"{\n \"title\": }", `dashboard: line 2, column 11: invalid character '}'`},
		{"{\n \"title\": 7}", `dashboard: line 2, column `},
		{`{}`, `dashboard: title: missing`},
		{`{"title": "x", "panels": [{"title": "p"}]}`, `dashboard: panels[0] "p": type: missing`},
		{`{"title": "x", "panels": [{"type": "stat", "title": "p"}]}`, `dashboard: panels[0] "p": gridPos: 0 wide at 0, 0 high at 0: not within 24 columns`},
		{`{"title": "x", "panels": [{"type": "stat", "title": "p", "gridPos": {"x": 20, "w": 5, "h": 1}}]}`, `dashboard: panels[0] "p": gridPos: 5 wide at 20`},
		{`{"title": "x", "panels": [{"type": "row", "panels": [{"title": "in"}]}]}`, `dashboard: panels[0] "in": type: missing`},
		{panel(`, "targets": [{"expr": "up"}, {"expr": " "}]`), `dashboard: panels[0] "p": targets[1].expr: missing`},
		{panel(`, "targets": [` + strings.Repeat(`{"expr": "up"},`, 26) + `{"expr": "up"}]`), `dashboard: panels[0] "p": targets: more than 26`},
		{panel(`, "fieldConfig": {"defaults": {"thresholds": {"steps": [` + strings.Repeat(`{"value": 1},`, 16) + `{"value": 1}]}}}`), `dashboard: panels[0] "p": thresholds: more than 16 steps`},
		{`{"title": "x", "panels": [` + strings.Repeat(`{"type": "row"},`, 200) + `{"type": "row"}]}`, `dashboard: more than 200 panels`},
		{strings.Repeat(" ", 2<<20+1), `dashboard: longer than 2097152 bytes`},
	} {
		if _, err := dashboards.Read([]byte(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%.80s: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

// What was read and is written is read as the same again.
func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob("grafana/*.json")
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil && len(text) < 32<<10 {
			f.Add(text)
		}
	}
	f.Add([]byte(exported))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := dashboards.Read(text)
		if err != nil {
			return
		}
		written, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := dashboards.Read(written)
		if err != nil {
			t.Fatalf("%v, of\n%s", err, written)
		}
		if len(again.Panels()) != len(d.Panels()) || again.Title != d.Title {
			t.Errorf("read\n%+v\nand then\n%+v", d, again)
		}
	})
}
