package dashboards

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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
	var w wireDashboard
	if err := json.Unmarshal(text, &w); err != nil {
		return Dashboard{}, fmt.Errorf("dashboard: %s%w", place(text, err), err)
	}
	if w.Title == "" {
		return Dashboard{}, errors.New("dashboard: title: missing")
	}
	d := Dashboard{Name: strings.TrimPrefix(w.UID, uidPrefix), Title: w.Title, Description: w.Description}
	for _, v := range w.Templating.List {
		if v.Type == "query" {
			d.Variables = append(d.Variables, Variable{v.Name, v.Label, v.Query})
		}
	}
	var err error
	d.Rows, err = readRows(w.Panels)
	return d, err
}

// place says where an error is: "line 3, column 7: ".
func place(text []byte, err error) string {
	var offset int64
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	} else {
		return ""
	}
	before := text[:min(max(offset-1, 0), int64(len(text)))]
	return fmt.Sprintf("line %d, column %d: ", bytes.Count(before, []byte("\n"))+1, len(before)-(bytes.LastIndexByte(before, '\n')+1)+1)
}

// readRows makes rows of panels: what stands before the first row is one without a title.
func readRows(panels []wirePanel) ([]Row, error) {
	var rows []Row
	n := 0
	for i, w := range panels {
		if n += 1 + len(w.Panels); n > maxPanels {
			return nil, fmt.Errorf("dashboard: more than %d panels", maxPanels)
		}
		inside := []wirePanel{w}
		if w.Type == "row" {
			rows = append(rows, Row{Title: w.Title})
			inside = w.Panels // those of a row that is open follow it
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

func (r *Row) read(panels []wirePanel) error {
	for _, w := range panels {
		p, err := readPanel(w)
		if err != nil {
			return fmt.Errorf("%.80q: %w", w.Title, err)
		}
		r.Panels = append(r.Panels, p)
	}
	return nil
}

func readPanel(w wirePanel) (Panel, error) {
	p := Panel{ID: w.ID, Kind: Kind(w.Type), Title: w.Title, Description: w.Description, Grid: Grid(w.GridPos), Runbooks: readRunbooks(w.Links)}
	if w.Type == "" {
		return p, errors.New("type: missing")
	}
	if g := p.Grid; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X > Columns || g.W > Columns-g.X {
		return p, fmt.Errorf("gridPos: %d wide at %d, %d high at %d: not within %d columns", g.W, g.X, g.H, g.Y, Columns)
	}
	if w.Options != nil {
		p.Content = w.Options.Content
	}
	if w.FieldConfig != nil {
		if err := p.readDefaults(&w.FieldConfig.Defaults); err != nil {
			return p, err
		}
	}
	return p, p.readTargets(w.Targets)
}

func (p *Panel) readTargets(targets []wireTarget) error {
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

func (p *Panel) readDefaults(d *wireDefaults) error {
	p.Unit = d.Unit
	if c := d.Custom; c != nil {
		p.Log = c.ScaleDistribution != nil && c.ScaleDistribution.Type == "log"
		p.Stacked = c.Stacking != nil && c.Stacking.Mode == "normal"
	}
	if d.Thresholds != nil {
		if p.Thresholds = readThresholds(d.Thresholds.Steps); len(p.Thresholds) > maxSteps {
			return fmt.Errorf("thresholds: more than %d steps", maxSteps)
		}
	}
	return p.readMappings(d.Mappings)
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
func (p *Panel) readMappings(mappings []wireMapping) error {
	for _, m := range mappings {
		for key, to := range m.Options {
			value, err := strconv.ParseFloat(key, 64)
			if m.Type != "value" || err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			if p.Mappings = append(p.Mappings, Mapping{value, to.Text, levelOf(to.Color)}); len(p.Mappings) > maxSteps {
				return fmt.Errorf("mappings: more than %d", maxSteps)
			}
		}
	}
	slices.SortFunc(p.Mappings, func(a, b Mapping) int { return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Text, b.Text)) })
	return nil
}

func readRunbooks(links []wireLink) (names []string) {
	for _, l := range links {
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
