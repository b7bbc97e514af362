package room

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"brownout/internal/chart"
	"brownout/internal/loop"
	"brownout/internal/service"
)

// A loopView is the event loop of a part as it is now.
type loopView struct {
	Trouble     string
	Metrics     string // why there are no shares of time, if so
	Report      service.LoopReport
	Busy        string // for how long the turn works, "" if it has just begun
	Utilisation float64
	Wheel       wheel
	Depths      []depth
	Culprits    []culprit
	Workers     int // that are at work
}

// A depth is what waits in a queue, or is under way.
type depth struct {
	Name, Help string
	N          int
}

// A culprit is what ran in a turn that took too long.
type culprit struct {
	service.LongTurn
	Took string
}

// maxCulprits bounds the long turns that are shown, the latest ones.
const maxCulprits = 8

// A loopTabs is what stays on a page: the way to the other loops.
type loopTabs struct{ Tabs []link }

func (r *Room) readLoop(q *http.Request) (question, error) {
	name := q.PathValue("service")
	s, err := r.shop()
	if err != nil {
		return question{}, err
	}
	all := loops(s)
	if _, err := find(all, name); err != nil {
		return question{}, err
	}
	var tabs loopTabs
	for _, p := range all {
		tabs.Tabs = append(tabs.Tabs, link{Path: "/loop/" + p.name, Name: p.name, Here: p.name == name})
	}
	return question{
		title: "The loop of " + name, key: name,
		still: func(context.Context) (any, error) { return tabs, nil },
		live:  func(ctx context.Context) (any, error) { return r.lookAtLoop(ctx, name) },
	}, nil
}

// lookAtLoop looks at a loop, also while that is blocked: its admin port answers all the same.
func (r *Room) lookAtLoop(ctx context.Context, name string) (any, error) {
	s, err := r.shop()
	if err != nil {
		return nil, err
	}
	p, err := find(loops(s), name)
	if err != nil {
		return nil, err
	}
	v := loopView{Utilisation: math.NaN()}
	if err := r.ports.get(ctx, p, "/debug/loop", &v.Report); err != nil {
		v.Trouble = sentence(err.Error())
		return v, nil
	}
	times, err := r.measureLoop(ctx, name)
	if err != nil {
		v.Metrics = sentence(err.Error())
	}
	v.fill(times)
	return v, nil
}

func (v *loopView) fill(t loopTimes) {
	v.Utilisation = 1 - t.idle.of()
	v.Wheel = newWheel(v.Report, t)
	v.Depths = depths(v.Report.Depths)
	v.Workers = v.Report.Pool.Workers - v.Report.Pool.Idle
	if v.Report.BusySeconds > 0.1 {
		v.Busy = chart.Seconds.Format(v.Report.BusySeconds)
	}
	turns := v.Report.LongTurns
	for _, t := range slices.Backward(turns[max(len(turns)-maxCulprits, 0):]) {
		v.Culprits = append(v.Culprits, culprit{t, chart.Seconds.Format(t.Age)})
	}
}

// loopTimes are where the time of a loop goes: shares, and callbacks a second, by phase.
type loopTimes struct{ phases, callbacks, idle reading }

func (r *Room) measureLoop(ctx context.Context, part string) (loopTimes, error) {
	var t loopTimes
	i := r.inquire(ctx)
	of := fmt.Sprintf(`{job=%q}[5s]`, part)
	i.read(&t.phases, `sum by (phase) (rate(eventloop_phase_seconds_total`+of+`))`, "phase")
	i.read(&t.callbacks, `sum by (phase) (rate(eventloop_phase_callbacks_total`+of+`))`, "phase")
	i.read(&t.idle, `sum(rate(eventloop_idle_seconds_total`+of+`)) / (sum(rate(eventloop_idle_seconds_total`+of+`)) + sum(rate(eventloop_active_seconds_total`+of+`)))`)
	return t, i.wait()
}

func depths(d loop.Depths) []depth {
	return []depth{
		{"ticks", "next-tick callbacks that wait", d.Ticks},
		{"microtasks", "promise jobs that wait", d.Microtasks},
		{"immediates", "callbacks for the check phase", d.Immediates},
		{"timers", "timers that are set", d.Timers},
		{"mailbox", "work from outside that waits for the poll phase", d.Mailbox},
		{"tasks", "requests and other tasks that have begun", d.Tasks},
		{"operations", "jobs and calls that are under way", d.Operations},
	}
}

// A wheel is a turn of the loop as a clock face: one sector a phase, filled by its share of time.
type wheel struct{ Sectors []sector }

// A sector is a phase.
type sector struct {
	Name, Help string
	Share      float64 // of time; NaN if that is not known
	Callbacks  float64 // a second
	Now        bool    // it is the one that runs
	Frame      string  // paths: the whole sector, and what of it is filled
	Fill       string
	X, Y       string // of its name
	Anchor     string
	Line       string // of the figures below it
}

// The wheel is drawn around nought.
const (
	hub    = 46.0  // where sectors begin
	rim    = 118.0 // where they end
	nameAt = 128.0 // where names stand
)

// phaseHelps say what the phases of a turn do, in their order.
func phaseHelps() []sector {
	return []sector{
		{Name: loop.Timers.String(), Help: "runs timers that are due"},
		{Name: loop.Pending.String(), Help: "runs what the last turn put off"},
		{Name: loop.Prepare.String(), Help: "runs hooks, right before the loop may block"},
		{Name: loop.Poll.String(), Help: "takes completions and new work; waits here when there is none"},
		{Name: loop.Check.String(), Help: "runs immediates"},
		{Name: loop.Close.String(), Help: "runs once, when the loop ends"},
	}
}

func newWheel(report service.LoopReport, t loopTimes) wheel {
	w := wheel{Sectors: phaseHelps()}
	each := 360 / float64(len(w.Sectors))
	for i := range w.Sectors {
		s := &w.Sectors[i]
		s.Share, s.Callbacks = t.phases.of(s.Name), t.callbacks.of(s.Name)
		s.Now = report.Phase == s.Name && report.BusySeconds > 0
		s.place(float64(i)*each, each)
	}
	return w
}

// place draws a sector from an angle on, in degrees clockwise from the top.
func (s *sector) place(from, degrees float64) {
	const gap = 1.5
	a, b := from+gap, from+degrees-gap
	s.Frame = ring(a, b, hub, rim)
	if s.Share > 0 {
		s.Fill = ring(a, b, hub, reach(s.Share))
	}
	x, y := polar(from+degrees/2, nameAt)
	const line = 20
	switch { // both lines are outside of the wheel
	case y < -20:
		y -= line
	case y > 20:
		y += line / 2
	}
	s.X, s.Y, s.Anchor, s.Line = px(x), px(y), "middle", px(y+line)
	switch {
	case x > 20:
		s.Anchor = "start"
	case x < -20:
		s.Anchor = "end"
	}
}

// reach is how far from the middle a sector is filled, so that a share of its area is; a small one is still
// to be seen.
func reach(share float64) float64 {
	return max(math.Sqrt(hub*hub+min(share, 1)*(rim*rim-hub*hub)), hub+1.5)
}

// ring is the path of a piece of a ring.
func ring(from, to, inner, outer float64) string {
	x1, y1 := polar(from, inner)
	x2, y2 := polar(from, outer)
	x3, y3 := polar(to, outer)
	x4, y4 := polar(to, inner)
	return fmt.Sprintf("M%.1f %.1fL%.1f %.1fA%.1f %.1f 0 0 1 %.1f %.1fL%.1f %.1fA%.1f %.1f 0 0 0 %.1f %.1fz",
		x1, y1, x2, y2, outer, outer, x3, y3, x4, y4, inner, inner, x1, y1)
}

// polar is the place at an angle, clockwise from the top, and a distance.
func polar(degrees, distance float64) (x, y float64) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return distance * sin, -distance * cos
}

// Ago says when a long turn was noticed.
func (c culprit) Ago() string { return ago(c.At) }

// Recent says whether a turn is so recent that it explains what is seen now.
func (c culprit) Recent() bool { return time.Since(c.At) < 10*time.Second }
