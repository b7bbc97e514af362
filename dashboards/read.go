package dashboards

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"brownout/internal/jsonplace"
)

// Bounds of a file that is read.
const (
	maxBytes   = 2 << 20
	maxPanels  = 200
	maxTargets = 26 // of a panel: Grafana names them by letters
	maxSteps   = 16 // thresholds of a panel, and mappings
)

// Read reads a dashboard in Grafana's JSON, as Grafana exports it or [Dashboard.JSON] writes it. Members
// that are not drawn here are ignored. An error begins with where in the text it is, or with which panel
// is meant.
func Read(text []byte) (Dashboard, error) {
	if len(text) > maxBytes {
		return Dashboard{}, fmt.Errorf("dashboard: longer than %d bytes", maxBytes)
	}
	var s dashboardShape
	if err := json.Unmarshal(text, &s); err != nil {
		return Dashboard{}, fmt.Errorf("dashboard: %s%w", place(text, err), err)
	}
	if s.Title == "" {
		return Dashboard{}, errors.New("dashboard: title: missing")
	}
	d := Dashboard{Name: strings.TrimPrefix(s.UID, uidPrefix), Title: s.Title, Description: s.Description}
	for _, v := range s.Templating.List {
		if v.Type == "query" {
			d.Variables = append(d.Variables, Variable{v.Name, v.Label, v.query()})
		}
	}
	var err error
	d.Rows, err = readRows(s.Panels)
	return d, err
}

// query is what is asked for the values of a variable, "" if that is not told as a text.
func (v *variableShape) query() string {
	var text string
	if json.Unmarshal(v.Query, &text) == nil {
		return text
	}
	var inside struct {
		Query string `json:"query"`
	}
	_ = json.Unmarshal(v.Query, &inside)
	return inside.Query
}

// place says where an error is: "line 3, column 7: ".
func place(text []byte, err error) string {
	line, column := jsonplace.Of(text, err)
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("line %d, column %d: ", line, column)
}

// readRows makes rows of panels: what stands before the first row is one without a title.
func readRows(panels []panelShape) ([]Row, error) {
	var rows []Row
	n := 0
	for i, s := range panels {
		if n += 1 + len(s.Panels); n > maxPanels {
			return nil, fmt.Errorf("dashboard: more than %d panels", maxPanels)
		}
		inside := panels[i : i+1]
		if s.Type == "row" {
			rows = append(rows, Row{Title: s.Title})
			inside = s.Panels // those of a row that is open follow it
		}
		if len(rows) == 0 {
			rows = append(rows, Row{})
		}
		if err := rows[len(rows)-1].read(inside); err != nil {
			return nil, fmt.Errorf("dashboard: panels[%d] %w", i, err)
		}
	}
	return rows, nil
}

func (r *Row) read(panels []panelShape) error {
	for i := range panels {
		p, err := readPanel(&panels[i])
		if err != nil {
			return fmt.Errorf("%.80q: %w", panels[i].Title, err)
		}
		r.Panels = append(r.Panels, p)
	}
	return nil
}

func readPanel(s *panelShape) (Panel, error) {
	p := Panel{
		ID: s.ID, Kind: Kind(s.Type), Title: s.Title, Description: s.Description, Grid: Grid(s.GridPos),
		Content: s.Options.Content, Runbooks: s.runbooks(),
	}
	if s.Type == "" {
		return p, errors.New("type: missing")
	}
	if g := p.Grid; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X > Columns || g.W > Columns-g.X {
		return p, fmt.Errorf("gridPos: %d wide at %d, %d high at %d: not within %d columns", g.W, g.X, g.H, g.Y, Columns)
	}
	err := cmp.Or(p.readDefaults(&s.FieldConfig.Defaults), p.readTargets(s.Targets))
	return p, err
}

func (p *Panel) readTargets(targets []targetShape) error {
	if len(targets) > maxTargets {
		return fmt.Errorf("targets: more than %d", maxTargets)
	}
	for i, t := range targets {
		if strings.TrimSpace(t.Expr) == "" {
			return fmt.Errorf("targets[%d].expr: missing", i)
		}
		p.Targets = append(p.Targets, Target{t.Expr, t.LegendFormat})
	}
	return nil
}

func (p *Panel) readDefaults(s *defaultsShape) error {
	p.Unit = s.Unit
	p.Log = s.Custom.ScaleDistribution.Type == "log"
	p.Stacked = s.Custom.Stacking.Mode == "normal"
	if p.Thresholds = readThresholds(s.Thresholds.Steps); len(p.Thresholds) > maxSteps {
		return fmt.Errorf("thresholds: more than %d steps", maxSteps)
	}
	for _, m := range s.Mappings {
		if m.Type == "value" {
			p.readMappings(m.Options)
		}
	}
	if len(p.Mappings) > maxSteps {
		return fmt.Errorf("mappings: more than %d", maxSteps)
	}
	slices.SortFunc(p.Mappings, func(a, b Mapping) int { return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Text, b.Text)) })
	return nil
}

// readThresholds returns the steps by where they begin. A single one says nothing, unless it has a level.
func readThresholds(steps []wireStep) []Threshold {
	var all []Threshold
	for _, s := range steps {
		t := Threshold{At: lowest(), Level: levelOf(s.Color)}
		if s.Value != nil {
			t.At = *s.Value
		}
		if len(all) == 0 && t.Level == Plain && math.IsInf(t.At, -1) {
			continue
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b Threshold) int { return cmp.Compare(a.At, b.At) })
	return all
}

// readMappings takes the names of single values; those of ranges and of texts are not drawn here.
func (p *Panel) readMappings(options json.RawMessage) {
	var texts map[string]wireMappedText
	if json.Unmarshal(options, &texts) != nil {
		return
	}
	for key, to := range texts {
		value, err := strconv.ParseFloat(key, 64)
		if err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
			p.Mappings = append(p.Mappings, Mapping{value, to.Text, levelOf(to.Color)})
		}
	}
}

func (s *panelShape) runbooks() (names []string) {
	for _, l := range s.Links {
		if name, ok := strings.CutPrefix(l.Title, runbookTitle); ok {
			names = append(names, name)
		}
	}
	return names
}

// levelOf is what a colour of Grafana's means here; its shades are "dark-red", "semi-dark-red" and such.
func levelOf(colour string) Level {
	switch colour[strings.LastIndexByte(colour, '-')+1:] {
	case "green":
		return Good
	case "yellow", "orange":
		return Warn
	case "red":
		return Bad
	}
	return Plain
}
