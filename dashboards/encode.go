package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// uidPrefix begins the names under which Grafana knows dashboards.
const uidPrefix = "brownout-"

// tag is what dashboards are found by.
const tag = "brownout"

// sourceVariable is the variable by which a dashboard can be asked of any Prometheus.
const sourceVariable = "DS_PROMETHEUS"

// source is Prometheus, as a dashboard refers to it.
func source() *wireSource { return &wireSource{Type: "prometheus", UID: "${" + sourceVariable + "}"} }

// JSON returns the dashboard as Grafana reads it. Panels must have their places.
func (d *Dashboard) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d.wire()); err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
	}
	return b.Bytes(), nil
}

func (d *Dashboard) wire() wireDashboard {
	return wireDashboard{
		UID: uidPrefix + d.Name, Title: d.Title, Description: d.Description, Tags: []string{tag},
		SchemaVersion: schemaVersion, Editable: true, GraphTooltip: 1,
		Refresh: "5s", Time: wireTime{"now-15m", "now"}, Timezone: "browser",
		Links:       []wireLink{{Title: "Dashboards", Type: "dashboards", Tags: []string{tag}, AsDropdown: true, KeepTime: true, IncludeVars: true}},
		Annotations: wireAnnotations{annotations()},
		Templating:  wireTemplating{d.wireVariables()},
		Panels:      d.wirePanels(),
	}
}

// annotations mark when faults were active, and when alerts fired, on all graphs.
func annotations() []wireAnnotation {
	return []wireAnnotation{
		{
			Name: "Faults", Datasource: source(), Enable: true, IconColor: "red", Step: "1s",
			Expr: `sum by (job, fault) (chaos_fault_active) > 0`, TitleFormat: "{{fault}}", TextFormat: "on {{job}}",
		},
		{
			Name: "Alerts", Datasource: source(), Enable: false, IconColor: "orange", Step: "1s",
			Expr: `max by (alertname) (ALERTS{alertstate="firing"})`, TitleFormat: "{{alertname}}", TextFormat: "",
		},
	}
}

func (d *Dashboard) wireVariables() []wireVariable {
	list := []wireVariable{{
		Name: sourceVariable, Label: "Prometheus", Type: "datasource", Query: "prometheus",
		Current: wireCurrent{Text: "Prometheus", Value: "prometheus"},
	}}
	for _, v := range d.Variables {
		list = append(list, wireVariable{
			Name: v.Name, Label: v.Label, Type: "query", Datasource: source(), Query: v.Query, Definition: v.Query,
			Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: everything,
			Current: wireCurrent{Selected: true, Text: "All", Value: "$__all"},
		})
	}
	return list
}

// wirePanels are the rows, each followed by what is in it.
func (d *Dashboard) wirePanels() []wirePanel {
	var panels []wirePanel
	open := false
	next := len(d.Panels())
	for _, r := range d.Rows {
		if next++; len(r.Panels) > 0 && r.Title != "" {
			at := wireGrid{Y: r.Panels[0].Grid.Y - 1, W: Columns, H: 1}
			panels = append(panels, wirePanel{ID: next, Type: "row", Title: r.Title, GridPos: at, Collapsed: &open})
		}
		for i := range r.Panels {
			panels = append(panels, r.Panels[i].wire())
		}
	}
	return panels
}

func (p *Panel) wire() wirePanel {
	w := wirePanel{
		ID: p.ID, Type: string(p.Kind), Title: p.Title, Description: p.told(),
		GridPos: wireGrid(p.Grid), Options: p.wireOptions(), Links: p.wireLinks(),
	}
	if p.Kind == Text {
		return w
	}
	w.Datasource = source()
	w.FieldConfig = &wireFieldConfig{Defaults: p.wireDefaults(), Overrides: []any{}}
	for i, t := range p.Targets {
		w.Targets = append(w.Targets, wireTarget{
			RefID: string(rune('A' + i)), Datasource: source(), Expr: t.Expr, LegendFormat: t.Legend,
			EditorMode: "code", Range: true, Exemplar: p.Kind == Graph,
		})
	}
	return w
}

// told is the description with when there is no data.
func (p *Panel) told() string {
	if p.Quiet == nil {
		return p.Description
	}
	return p.Description + "\n\nNo data " + p.Quiet.Reason + "."
}

func (p *Panel) wireLinks() (links []wireLink) {
	for _, name := range p.Runbooks {
		links = append(links, wireLink{Title: runbookTitle + name, URL: runbookURL(name), TargetBlank: true})
	}
	return links
}

func (p *Panel) wireDefaults() wireDefaults {
	nought := 0.0
	d := wireDefaults{Unit: p.Unit, Min: &nought, Mappings: wireMappings(p.Mappings), Thresholds: wireThresholdsOf(p.Thresholds)}
	switch p.Kind {
	case Graph:
		d.Color, d.Custom = &wireColor{"palette-classic"}, p.wireLines()
	case States:
		d.Color, d.Custom = &wireColor{"thresholds"}, &wireCustom{FillOpacity: 80}
	default:
		d.Color = &wireColor{"thresholds"}
	}
	if p.Log {
		d.Min = nil
	}
	return d
}

func (p *Panel) wireLines() *wireCustom {
	c := &wireCustom{DrawStyle: "line", LineWidth: 1, FillOpacity: 8, ShowPoints: "never", ThresholdsStyle: &wireThreshold{"off"}}
	if len(p.Thresholds) > 1 {
		c.ThresholdsStyle.Mode = "dashed"
	}
	if p.Log {
		c.ScaleDistribution = &wireScale{"log", 10}
	}
	if p.Stacked {
		c.Stacking, c.FillOpacity = &wireStacking{"normal", "A"}, 40
	}
	return c
}

func (p *Panel) wireOptions() *wireOptions {
	switch p.Kind {
	case Graph:
		return &wireOptions{Legend: &wireLegend{"list", "bottom", true, []string{}}, Tooltip: &wireTooltip{"multi", "desc"}}
	case Stat:
		return &wireOptions{ReduceOptions: &wireReduce{Calcs: []string{"lastNotNull"}}, ColorMode: "value", GraphMode: "area", TextMode: "auto"}
	case States:
		return &wireOptions{Legend: &wireLegend{"list", "bottom", false, []string{}}, Tooltip: &wireTooltip{"single", "none"}, MergeValues: true, ShowValue: "auto", RowHeight: 0.8}
	case Text:
		return &wireOptions{Mode: "markdown", Content: p.Content}
	}
	return nil
}

func wireMappings(of []Mapping) []wireMapping {
	if len(of) == 0 {
		return []wireMapping{}
	}
	texts := map[string]wireMappedText{}
	for i, m := range of {
		texts[strconv.FormatFloat(m.Value, 'f', -1, 64)] = wireMappedText{m.Text, m.Level.colour(), i}
	}
	return []wireMapping{{"value", texts}}
}

// wireThresholdsOf has a first step that begins below all, as Grafana wants it.
func wireThresholdsOf(of []Threshold) *wireThresholds {
	steps := []wireStep{}
	if len(of) == 0 || !math.IsInf(of[0].At, -1) {
		steps = append(steps, wireStep{Color: Plain.colour()})
	}
	for _, t := range of {
		s := wireStep{Color: t.Level.colour()}
		if !math.IsInf(t.At, -1) {
			s.Value = &t.At
		}
		steps = append(steps, s)
	}
	return &wireThresholds{"absolute", steps}
}

// colour is Grafana's for a level.
func (l Level) colour() string {
	switch l {
	case Good:
		return "green"
	case Warn:
		return "orange"
	case Bad:
		return "red"
	}
	return "blue"
}
