package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
	"unicode"

	"brownout/internal/chart"
	"brownout/loadgen"
)

// A Sheet is what is told of a load. Report must be there; all else may be empty.
type Sheet struct {
	// Target is what was loaded.
	Target string
	Began  time.Time
	Report loadgen.Report
	// Timeline is what the charts over time are made of; without one there are none.
	Timeline   *loadgen.Timeline
	Judgements []loadgen.Judgement
	// Settings are how it was loaded, as the command's flags have it.
	Settings []Setting
	// Version is that of the program.
	Version string
}

// A Setting is a flag and its value.
type Setting struct{ Name, Value string }

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

// HTML writes the page.
func (s Sheet) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{"style": style}).Parse(pageText)
	if err != nil {
		return err
	}
	shown, err := s.view()
	if err != nil {
		return err
	}
	return t.Execute(w, shown)
}

func style() template.CSS { return chart.PageCSS() + template.CSS(styleText) }

// A view is all that people are shown: texts are clean, and figures have their units.
type view struct {
	Target     string
	Level      chart.Level
	Result     string
	Tiles      []chart.Tile
	Judgements []judgement
	Columns    []string
	Rows       []row
	Codes      []string
	Histogram  *chart.Histogram // nil if there is none
	Figures    []chart.Figure
	Notes      []string // on the result
	Settings   []Setting
	Facts      []Setting
}

// A judgement is that of a threshold.
type judgement struct {
	Held, Unknown   bool
	Threshold, What string
}

// A row is what came of a route.
type row struct {
	Name  string
	Cells []string
}

func (s *Sheet) view() (*view, error) {
	v := &view{Target: clean(s.Target), Columns: columns, Tiles: s.tiles(), Figures: s.figures(), Settings: cleanAll(s.Settings)}
	var err error
	if v.Histogram, err = histogram(s.Report.Total); err != nil {
		return nil, err
	}
	for _, j := range s.Judgements {
		v.Judgements = append(v.Judgements, judgement{j.Held, j.Unknown, clean(j.Threshold.String()), j.Figure})
	}
	for _, r := range s.rows() {
		v.Rows = append(v.Rows, row{clean(r.Route), cells(r)})
	}
	for _, line := range s.Report.CodeLines() {
		v.Codes = append(v.Codes, clean(line))
	}
	for _, l := range s.Report.Lost {
		v.Notes = append(v.Notes, clean(l.String()))
	}
	if n := s.Report.Clients; n > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("No schedule: %d clients, each of which waited for its answer. What that held up is in no latency.", n))
	}
	if schedule := s.Report.Schedule; schedule != nil && schedule.Behind {
		v.Notes = append(v.Notes, "The generator fell behind its schedule, which is in all latencies.")
	}
	v.Level, v.Result = s.result()
	v.Facts = s.facts()
	return v, nil
}

// rows are those of the routes, and of all if there are several.
func (s *Sheet) rows() []loadgen.Row {
	if len(s.Report.Routes) == 1 {
		return s.Report.Routes
	}
	return append(s.Report.Routes[:len(s.Report.Routes):len(s.Report.Routes)], s.Report.Total)
}

// result says in a line what is to be said first.
func (s *Sheet) result() (chart.Level, string) {
	failed := 0
	for _, j := range s.Judgements {
		if !j.Held {
			failed++
		}
	}
	r := &s.Report
	switch {
	case len(r.Lost) > 0:
		return chart.Bad, fmt.Sprintf("Incomplete: %d of %d agents were lost, and nothing of what they sent is here.", len(r.Lost), r.Agents)
	case failed > 0:
		return chart.Bad, fmt.Sprintf("%d of %d thresholds failed.", failed, len(s.Judgements))
	case r.Total.Acknowledged == 0:
		return chart.Bad, "No request was acknowledged."
	case r.Interrupted:
		return chart.Warn, "Interrupted: the schedule was not followed to its end."
	case len(s.Judgements) > 0:
		return chart.Good, fmt.Sprintf("All thresholds held: %d.", len(s.Judgements))
	}
	return chart.Plain, "No threshold was set."
}

func (s *Sheet) facts() []Setting {
	r := &s.Report
	facts := []Setting{{"Requests were due for", chart.Seconds.Format(r.Seconds)}}
	if !s.Began.IsZero() {
		facts = append(facts, Setting{"Began", s.Began.UTC().Format("2006-01-02 15:04:05 UTC")})
	}
	if r.Agents > 0 {
		facts = append(facts, Setting{"Agents", fmt.Sprint(r.Agents)})
	}
	if r.Schedule != nil {
		facts = append(facts, Setting{"Schedule", fmt.Sprintf("%s left within 1 ms", percent(r.Schedule.Prompt))})
	}
	if s.Version != "" {
		facts = append(facts, Setting{"Version", clean(s.Version)})
	}
	return facts
}

// maxText bounds a text, in characters.
const maxText = 300

// clean keeps a text on one line, cuts it, and replaces what does not print.
func clean(text string) string {
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}

func cleanAll(settings []Setting) (all []Setting) {
	for _, s := range settings {
		all = append(all, Setting{clean(s.Name), clean(s.Value)})
	}
	return all
}
