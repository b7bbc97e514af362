package room

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"maps"
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
	Figure  template.HTML
	Tiles   []template.HTML
	More    int // tiles that are not shown
	Bands   bandList
	Steady  bandList // those of many that were as they should be, all the time

	lines []chart.Line // of tiles or bands, until a moment ago
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
		live:  func(ctx context.Context) (any, error) { return r.lookAtDashboard(ctx, c) },
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

// A past is what a dashboard showed of a stretch of time. What looks back far changes little, and costs much.
type past struct {
	stretch stretch
	rows    []rowView
}

// maxPasts bounds the pasts that are remembered. Each is all figures of a dashboard, in a megabyte or less: who
// reads every dashboard of every part back a day would fill hundreds of them otherwise.
const maxPasts = 32

// lookAtDashboard shows the past, which is remembered for a while, and what is now, which is not.
func (r *Room) lookAtDashboard(ctx context.Context, c choice) (any, error) {
	was, err := r.pasts.get(ctx, c.url(), c.span.Length/60*9/10, func() (*past, error) { return r.lookBack(ctx, c) })
	if was == nil {
		return nil, err
	}
	var v dashboardView
	var all sync.WaitGroup
	for _, row := range was.rows {
		view := rowView{Title: row.Title, Panels: slices.Clone(row.Panels)}
		for i, p := range view.Panels {
			if p.Trouble != "" || p.Kind != dashboards.Stat && p.Kind != dashboards.States {
				continue
			}
			now := *p
			view.Panels[i] = &now
			all.Go(func() { r.fillNow(ctx, &now, c, was.stretch) })
		}
		v.Rows = append(v.Rows, view)
	}
	all.Wait()
	return v, nil
}

// lookBack asks all that a dashboard asks of its past. How many questions are answered at a time is for the
// store of metrics to say. An error beside a past is one that a panel tells.
func (r *Room) lookBack(ctx context.Context, c choice) (*past, error) {
	was := &past{stretch: last(c.span.Length)}
	shades := r.shades(ctx, was.stretch)
	var panels []*panelView
	var all sync.WaitGroup
	for _, row := range c.board.Rows {
		view := rowView{Title: row.Title}
		for _, panel := range row.Panels {
			shown := &panelView{Panel: panel, ID: fmt.Sprintf("panel-%d", panel.ID)}
			view.Panels = append(view.Panels, shown)
			all.Go(func() { r.fillPast(ctx, shown, c, was.stretch, shades) })
		}
		panels = append(panels, view.Panels...)
		was.rows = append(was.rows, view)
	}
	all.Wait()
	if i := slices.IndexFunc(panels, func(p *panelView) bool { return p.Trouble != "" }); i >= 0 {
		return was, errors.New(panels[i].Trouble)
	}
	return was, nil
}

// fillPast asks a panel's questions over a stretch of time, and draws the answers if they are a chart.
func (r *Room) fillPast(ctx context.Context, p *panelView, c choice, s stretch, shades []chart.Shade) {
	if p.Kind == dashboards.Text {
		return
	}
	for _, t := range p.Targets {
		found, err := r.lines(ctx, c.ask(t, s.step), s, t.Name)
		if err != nil {
			p.Trouble = sentence(err.Error())
			return
		}
		p.lines = append(p.lines, found...)
	}
	if len(p.lines) == 0 || p.Kind == dashboards.Stat || p.Kind == dashboards.States {
		return
	}
	figure, err := chart.Chart{
		Title: p.Title, Unit: chart.UnitOf(p.Unit), Log: p.Log, Stacked: p.Stacked, To: s.to.Sub(s.from), Origin: s.from,
		Lines: p.lines, Shades: shades, Thresholds: p.limits(),
	}.HTML(p.ID)
	if err != nil {
		p.Trouble = sentence(err.Error())
	}
	p.Figure, p.lines = figure, nil
}

// fillNow asks a panel's questions of this moment, and draws the answers with what was.
func (r *Room) fillNow(ctx context.Context, p *panelView, c choice, s stretch) {
	now := reading{}
	for _, t := range p.Targets {
		found, err := r.readAs(ctx, c.ask(t, scrape), func(labels map[string]string) string { return clean(t.Name(labels)) })
		if err != nil {
			p.Trouble = sentence(err.Error())
			return
		}
		maps.Copy(now, found)
	}
	if err := p.draw(now, s); err != nil {
		p.Trouble = sentence(err.Error())
	}
}

// ask is the question of a target, of which values are a step apart.
func (c choice) ask(t dashboards.Target, step time.Duration) string {
	return c.board.Expand(t.Expr, dashboards.Values{Range: c.span.Length, Step: step, Scrape: scrape, Selected: map[string]string{"job": c.job}})
}

const (
	// maxSeries bounds the tiles and the bands of a panel, those that are folded on their own.
	maxSeries = 24
	// manyBands is how many stand below each other without hiding what is not as it should be.
	manyBands = 4
)

// draw draws the tiles or the bands of what is now, and of what was.
func (p *panelView) draw(now reading, s stretch) error {
	lines, to := withNew(p.lines, now), s.to.Sub(s.from)
	if p.Kind == dashboards.States {
		for _, l := range lines {
			if b := p.band(l, now.of(l.Name), to, s.step); len(lines) > manyBands && b.steady {
				p.Steady.add(b)
			} else {
				p.Bands.add(b)
			}
		}
		return nil
	}
	for _, l := range lines[:min(len(lines), maxSeries)] {
		v := now.of(l.Name)
		if len(lines) == 1 {
			l.Name = p.Title
		}
		html, err := p.tile(l, v, to).HTML()
		if err != nil {
			return err
		}
		p.Tiles = append(p.Tiles, html)
	}
	p.More = len(lines) - len(p.Tiles)
	return nil
}

// withNew adds those that are now and were not before to lines, which stay as they are.
func withNew(lines []chart.Line, now reading) []chart.Line {
	all := slices.Clone(lines)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !slices.ContainsFunc(lines, func(l chart.Line) bool { return l.Name == name }) {
			all = append(all, chart.Line{Name: name})
		}
	}
	return all
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

// tile is what a line's value is now, NaN if it has none, and how it came about.
func (p *panelView) tile(l chart.Line, now float64, to time.Duration) chart.Tile {
	text, level := p.Text(now)
	if text == "" {
		level = p.Level(now)
	}
	return chart.Tile{Title: l.Name, Value: now, Unit: chart.UnitOf(p.Unit), Text: text, Level: chart.Level(level), Line: l.Points, To: to}
}

// A bandList is bands of which the first are shown.
type bandList struct {
	Bands []band
	More  int // that are not shown
}

// Count is how many there are.
func (l *bandList) Count() int { return len(l.Bands) + l.More }

func (l *bandList) add(b band) {
	if len(l.Bands) == maxSeries {
		l.More++
		return
	}
	l.Bands = append(l.Bands, b)
}

// A band is a line of states: stretches of time in which a value stays what it is.
type band struct {
	Name, Now string // Now is the state; "" if there is none
	Stretches []bandStretch
	steady    bool // it has been as it should be since it began, without a gap, and is
}

// A bandStretch is one, in percent of the width.
type bandStretch struct {
	X, Width string
	Level    dashboards.Level
	Text     string
}

// band draws a line, whose value is NaN now if it has none.
func (p *panelView) band(l chart.Line, now float64, to, step time.Duration) band {
	b := band{Name: l.Name}
	if !math.IsNaN(now) {
		text, level := p.stateOf(now)
		b.Now, b.steady = text, level == dashboards.Good
	}
	for i := 0; i < len(l.Points); {
		first, end := l.Points[i], i
		for end+1 < len(l.Points) && l.Points[end+1].Value == first.Value && l.Points[end+1].At-l.Points[end].At <= 2*step {
			end++
		}
		text, level := p.stateOf(first.Value)
		from, until := 100*first.At.Seconds()/to.Seconds(), 100*(l.Points[end].At+step).Seconds()/to.Seconds()
		b.Stretches = append(b.Stretches, bandStretch{px(from), px(max(min(until, 100)-from, 0.2)), level, text})
		next := to
		if end+1 < len(l.Points) {
			next = l.Points[end+1].At
		}
		b.steady = b.steady && level == dashboards.Good && next-l.Points[end].At <= 2*step
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
	return shadesOf(lines, s.step)
}

// shadesOf are the times in which lines have values a step apart, the latest first: those a chart has room for.
func shadesOf(lines []chart.Line, step time.Duration) []chart.Shade {
	var all []chart.Shade
	for _, l := range lines {
		for i, p := range l.Points {
			if i > 0 && p.At-l.Points[i-1].At <= 2*step {
				all[len(all)-1].To = p.At + step
				continue
			}
			all = append(all, chart.Shade{From: p.At, To: p.At + step, Label: l.Name})
		}
	}
	slices.SortStableFunc(all, func(a, b chart.Shade) int { return cmp.Compare(b.From, a.From) })
	return all
}
