package room

import (
	"context"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"brownout/dashboards"
	"brownout/internal/chart"
)

// A lookback is how far back a dashboard looks.
type lookback struct {
	Name   string
	Length time.Duration
}

// lookbacks are those there are; the first is what a dashboard has unless it is asked for another.
func lookbacks() []lookback {
	return []lookback{{"5m", 5 * time.Minute}, {"15m", 15 * time.Minute}, {"1h", time.Hour}, {"6h", 6 * time.Hour}, {"24h", 24 * time.Hour}}
}

// scrape is the time from scrape to scrape.
const scrape = time.Second

// A dashboardPage is what stays on a dashboard's page.
type dashboardPage struct {
	Description string
	Tabs        []link
	Spans       []link
	Jobs        []link // of the variable of that name, if the dashboard has it
}

// A dashboardView is a dashboard as it is now.
type dashboardView struct{ Rows []rowView }

// A rowView is panels that answer one question.
type rowView struct {
	Title  string
	Panels []*panelView
}

// A panelView is one thing to look at.
type panelView struct {
	dashboards.Panel
	ID      string
	Trouble string
	Empty   bool // there is nothing to draw
	Figure  template.HTML
	Tiles   []template.HTML
	Bands   []band
	Steady  []band // those of many that were as they should be, all the time
}

// A choice is which part of a dashboard is looked at.
type choice struct {
	board *dashboards.Dashboard
	span  lookback
	job   string // "" for all
}

func (r *Room) readDashboard(q *http.Request) (question, error) {
	boards, err := r.boards()
	if err != nil {
		return question{}, err
	}
	c, err := r.choose(boards, q)
	if err != nil {
		return question{}, err
	}
	return question{
		title: strings.TrimPrefix(c.board.Title, "Brownout / "), key: strings.Join([]string{c.board.Name, c.span.Name, c.job}, " "),
		still: func(context.Context) (any, error) { return c.page(boards, r.jobs()), nil },
		live:  func(ctx context.Context) (any, error) { return r.lookAtDashboard(ctx, c), nil },
		// What looks back far changes little, and costs much.
		period: c.span.Length / 60,
	}, nil
}

// choose reads what is asked for. There is nothing but what the page offers.
func (r *Room) choose(boards []dashboards.Dashboard, q *http.Request) (choice, error) {
	name, length, job := q.PathValue("name"), q.FormValue("span"), q.FormValue("job")
	board := slices.IndexFunc(boards, func(d dashboards.Dashboard) bool { return d.Name == name })
	at := slices.IndexFunc(lookbacks(), func(s lookback) bool { return s.Name == length })
	if length == "" {
		at = 0
	}
	if board < 0 || at < 0 || job != "" && !slices.Contains(r.jobs(), job) {
		return choice{}, refusal{http.StatusNotFound, "There is no such dashboard."}
	}
	return choice{&boards[board], lookbacks()[at], job}, nil
}

// jobs are the parts that a dashboard can be narrowed down to.
func (r *Room) jobs() []string {
	s, err := r.shop()
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range parts(s) {
		names = append(names, p.name)
	}
	return names
}

// url is the path of a choice.
func (c choice) url() string {
	values := url.Values{"span": {c.span.Name}}
	if c.job != "" {
		values.Set("job", c.job)
	}
	return "/dashboards/" + c.board.Name + "?" + values.Encode()
}

func (c choice) page(boards []dashboards.Dashboard, jobs []string) dashboardPage {
	page := dashboardPage{Description: c.board.Description}
	for i := range boards {
		other := c
		other.board = &boards[i]
		page.Tabs = append(page.Tabs, link{Path: other.url(), Name: strings.TrimPrefix(other.board.Title, "Brownout / "), Here: other == c})
	}
	for _, s := range lookbacks() {
		other := c
		other.span = s
		page.Spans = append(page.Spans, link{Path: other.url(), Name: s.Name, Here: other == c})
	}
	if c.has("job") {
		for _, job := range append([]string{""}, jobs...) {
			other := c
			other.job = job
			page.Jobs = append(page.Jobs, link{Path: other.url(), Name: orAll(job), Here: other == c})
		}
	}
	return page
}

func orAll(job string) string {
	if job == "" {
		return "all"
	}
	return job
}

func (c choice) has(variable string) bool {
	return slices.ContainsFunc(c.board.Variables, func(v dashboards.Variable) bool { return v.Name == variable })
}

// lookAtDashboard asks all that a dashboard asks. How many questions are answered at a time is for the
// store of metrics to say.
func (r *Room) lookAtDashboard(ctx context.Context, c choice) dashboardView {
	s := last(c.span.Length)
	shades := r.shades(ctx, s)
	var v dashboardView
	var all sync.WaitGroup
	for _, row := range c.board.Rows {
		view := rowView{Title: row.Title}
		for _, panel := range row.Panels {
			p := &panelView{Panel: panel, ID: fmt.Sprintf("panel-%d", panel.ID)}
			view.Panels = append(view.Panels, p)
			all.Go(func() { r.fillPanel(ctx, p, c, s, shades) })
		}
		v.Rows = append(v.Rows, view)
	}
	all.Wait()
	return v
}

// fillPanel asks a panel's questions, and draws the answers.
func (r *Room) fillPanel(ctx context.Context, p *panelView, c choice, s stretch, shades []chart.Shade) {
	if p.Kind == dashboards.Text {
		return
	}
	values := dashboards.Values{Range: c.span.Length, Step: s.step, Scrape: scrape, Selected: map[string]string{"job": c.job}}
	var lines []chart.Line
	for _, t := range p.Targets {
		found, err := r.lines(ctx, c.board.Expand(t.Expr, values), s, t.Name)
		if err != nil {
			p.Trouble = sentence(err.Error())
			return
		}
		lines = append(lines, found...)
	}
	if p.Empty = len(lines) == 0; p.Empty {
		return
	}
	if err := p.draw(lines, s, shades); err != nil {
		p.Trouble = sentence(err.Error())
	}
}

const (
	// maxSeries bounds the tiles and the bands of a panel.
	maxSeries = 24
	// manyBands is how many stand below each other without hiding what is not as it should be.
	manyBands = 4
)

func (p *panelView) draw(lines []chart.Line, s stretch, shades []chart.Shade) (err error) {
	to := s.to.Sub(s.from)
	shown := lines[:min(len(lines), maxSeries)]
	switch p.Kind {
	case dashboards.Stat:
		for _, l := range shown {
			if len(lines) == 1 {
				l.Name = p.Title
			}
			html, err := p.tile(l, to).HTML()
			if err != nil {
				return err
			}
			p.Tiles = append(p.Tiles, html)
		}
	case dashboards.States:
		for _, l := range shown {
			if b := p.band(l, to, s.step); len(shown) > manyBands && b.steady() {
				p.Steady = append(p.Steady, b)
			} else {
				p.Bands = append(p.Bands, b)
			}
		}
	default:
		c := chart.Chart{Title: p.Title, Unit: chart.UnitOf(p.Unit), Log: p.Log, Stacked: p.Stacked, To: to, Origin: s.from, Lines: lines, Shades: shades, Thresholds: p.limits()}
		p.Figure, err = c.HTML(p.ID)
	}
	return err
}

// limits are the thresholds that are values: the lowest begins nowhere.
func (p *panelView) limits() []chart.Threshold {
	var all []chart.Threshold
	for _, t := range p.Thresholds {
		if !math.IsInf(t.At, 0) {
			all = append(all, chart.Threshold{Value: t.At, Label: "from here on: " + string(t.Level), Level: chart.Level(t.Level)})
		}
	}
	return all
}

// tile is the latest value of a line, and how it came about.
func (p *panelView) tile(l chart.Line, to time.Duration) chart.Tile {
	v := l.Points[len(l.Points)-1].Value
	text, level := p.Text(v)
	if text == "" {
		level = p.Level(v)
	}
	return chart.Tile{Title: l.Name, Value: v, Unit: chart.UnitOf(p.Unit), Text: text, Level: chart.Level(level), Line: l.Points, To: to}
}

// A band is a line of states: stretches of time in which a value stays what it is.
type band struct {
	Name, Text string // Text is the latest
	Level      dashboards.Level
	Stretches  []bandStretch
}

// A bandStretch is one, in percent of the width.
type bandStretch struct {
	X, Width string
	Level    dashboards.Level
	Text     string
}

// steady says whether a band has nothing to be looked at.
func (b band) steady() bool {
	return !slices.ContainsFunc(b.Stretches, func(s bandStretch) bool { return s.Level != dashboards.Good })
}

func (p *panelView) band(l chart.Line, to, step time.Duration) band {
	b := band{Name: l.Name}
	for i := 0; i < len(l.Points); {
		first, end := l.Points[i], i
		for end+1 < len(l.Points) && l.Points[end+1].Value == first.Value && l.Points[end+1].At-l.Points[end].At <= 2*step {
			end++
		}
		b.Text, b.Level = p.stateOf(first.Value)
		from, until := 100*first.At.Seconds()/to.Seconds(), 100*(l.Points[end].At+step).Seconds()/to.Seconds()
		b.Stretches = append(b.Stretches, bandStretch{px(from), px(max(min(until, 100)-from, 0.2)), b.Level, b.Text})
		i = end + 1
	}
	return b
}

// stateOf is what a value is called, and how it stands.
func (p *panelView) stateOf(v float64) (string, dashboards.Level) {
	if text, level := p.Text(v); text != "" {
		return text, level
	}
	return chart.UnitOf(p.Unit).Format(v), p.Level(v)
}

// shades are the times in which faults were active; there are none if nobody knows.
func (r *Room) shades(ctx context.Context, s stretch) []chart.Shade {
	lines, err := r.lines(ctx, `max by (job, fault) (chaos_fault_active) > 0`, s, func(labels map[string]string) string {
		return labels["fault"] + " on " + labels["job"]
	})
	if err != nil {
		return nil
	}
	var all []chart.Shade
	for _, l := range lines {
		for i, p := range l.Points {
			if i > 0 && p.At-l.Points[i-1].At <= 2*s.step {
				all[len(all)-1].To = p.At + s.step
				continue
			}
			all = append(all, chart.Shade{From: p.At, To: p.At + s.step, Label: l.Name})
		}
	}
	return all
}
