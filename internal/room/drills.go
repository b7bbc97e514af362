package room

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/chart"
	"brownout/internal/resilience"
)

// A drillList is all drills, by family.
type drillList struct{ Families []drillFamily }

// A drillFamily is drills that are alike.
type drillFamily struct {
	Name   string
	Drills []*drill.Plan
}

// A drillPage is a drill before it is played.
type drillPage struct {
	*drill.Plan
	Without   []resilience.Name // what the off arm lacks
	WithoutOn []resilience.Name // what the on arm lacks, too
	Faults    []plannedFault
	Paces     []pace
	Seed      uint64 // a suggestion
	Refused   string // why it cannot be started; "" if it can
}

// A plannedFault is one of the timeline.
type plannedFault struct{ At, For, Fault, On, Params string }

// A pace says how long an arm takes.
type pace struct {
	Name   drill.Pace
	Length time.Duration
}

func (r *Room) readDrills(*http.Request) (question, error) {
	return question{
		title: "Drills", live: r.lookAtTheatre,
		still: func(context.Context) (any, error) { return r.drills() },
	}, nil
}

// planOf reads the file of a drill.
func planOf(name string) (*drill.Plan, error) {
	if !slices.Contains(drills.Names(), name) {
		return nil, refusal{http.StatusNotFound, "There is no such drill."}
	}
	text, err := drills.Read(name)
	if err != nil {
		return nil, err
	}
	return drill.ParsePlan(name, text)
}

func listDrills() (drillList, error) {
	var list drillList
	for _, name := range drills.Names() {
		plan, err := planOf(name)
		if err != nil {
			return list, err
		}
		i := slices.IndexFunc(list.Families, func(f drillFamily) bool { return f.Name == plan.Family })
		if i < 0 {
			i = len(list.Families)
			list.Families = append(list.Families, drillFamily{Name: plan.Family})
		}
		list.Families[i].Drills = append(list.Families[i].Drills, plan)
	}
	slices.SortStableFunc(list.Families, func(a, b drillFamily) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (r *Room) readDrill(q *http.Request) (question, error) {
	plan, err := planOf(q.PathValue("name"))
	if err != nil {
		return question{}, err
	}
	return question{
		title: plan.Title, key: plan.Name, live: r.lookAtTheatre,
		still: func(context.Context) (any, error) { return r.drillPage(plan), nil },
	}, nil
}

func (r *Room) drillPage(plan *drill.Plan) drillPage {
	p := drillPage{Plan: plan, Without: plan.Arms[evidence.Off].Disable, WithoutOn: plan.Arms[evidence.On].Disable, Seed: rand.Uint64N(10_000) + 1}
	for _, e := range plan.Timeline {
		if e.Pace != "" && e.Pace != drill.Quick {
			continue
		}
		var params []string
		for _, name := range slices.Sorted(maps.Keys(e.Params)) {
			params = append(params, name+"="+e.Params[name])
		}
		p.Faults = append(p.Faults, plannedFault{e.At.String(), e.For.String(), e.Fault, e.On, strings.Join(params, " ")})
	}
	for _, name := range []drill.Pace{drill.Quick, drill.Demo} {
		if timing, ok := plan.Timings[name]; ok {
			p.Paces = append(p.Paces, pace{name, timing.Length})
		}
	}
	if err := r.mayPlay(plan); err != nil {
		p.Refused = err.Error()
	}
	return p
}

// mayPlay returns why a drill cannot be played in the shop that runs, nil if it can.
func (r *Room) mayPlay(plan *drill.Plan) error {
	s, err := r.shop()
	switch {
	case err != nil:
		return err
	case r.config.Program == "" || r.config.Runs == "" || r.config.ShopFile == "":
		return refusal{http.StatusNotImplemented, "This control room was started without what drills need."}
	case s.Control == "":
		return refusal{http.StatusConflict, "Only the shop of brownout up can be lent to a drill."}
	case plan.Shop.Links && s.Admin[linksName] == "":
		return refusal{http.StatusConflict, "This drill breaks network links, and the shop has none: start it with brownout up --links."}
	}
	return nil
}

// pressStart begins a drill.
func (r *Room) pressStart(q *http.Request) (done, error) {
	plan, err := planOf(q.PostFormValue("drill"))
	if err != nil {
		return done{}, err
	}
	at := drill.Pace(q.PostFormValue("pace"))
	if _, ok := plan.Timings[at]; !ok {
		return done{}, refusal{http.StatusBadRequest, "There is no such pace."}
	}
	seed, err := strconv.ParseUint(q.PostFormValue("seed"), 10, 64)
	if err != nil {
		return done{}, refusal{http.StatusBadRequest, "The seed must be a whole number."}
	}
	if err := r.mayPlay(plan); err != nil {
		return done{}, err
	}
	if err := r.theatre.start(plan, at, seed); err != nil {
		return done{}, err
	}
	return done{Message: "The drill " + plan.Name + " begins.", back: "/drills/" + plan.Name}, nil
}

// pressStop ends the drill that is played.
func (r *Room) pressStop(*http.Request) (done, error) {
	if err := r.theatre.stop(); err != nil {
		return done{}, err
	}
	return done{Message: "The drill is told to end; the shop comes back in a moment.", back: "/drills"}, nil
}

// A theatreView is the drill that is played, or was last.
type theatreView struct {
	*performance
	Events  []eventView
	Chart   template.HTML
	Checks  []checkView
	Report  string // the path of its page
	Reasons []string
}

// An eventView is something that happened.
type eventView struct{ At, Arm, Text string }

// A checkView is what came of a check.
type checkView struct {
	Arm, Text string
	Held      bool
}

func (r *Room) lookAtTheatre(context.Context) (any, error) {
	p := r.theatre.now()
	if p == nil {
		return theatreView{performance: &performance{}}, nil
	}
	v := theatreView{performance: p, Events: eventsOf(p), Chart: r.answersOf(p)}
	if p.Verdict != nil {
		v.Checks = append(checksOf("off, as predicted", p.Verdict.Signature), checksOf("on, as promised", p.Verdict.Promises)...)
		for _, reason := range p.Verdict.Reasons {
			v.Reasons = append(v.Reasons, clean(reason))
		}
		v.Report = "/runs/" + filepath.Base(p.Evidence) + "/report.html"
	}
	p.Failed = clean(p.Failed)
	return v, nil
}

func checksOf(arm string, findings []verdict.Finding) []checkView {
	var all []checkView
	for _, f := range findings {
		all = append(all, checkView{arm, clean(f.Why), f.Held})
	}
	return all
}

// maxEvents bounds the events that are shown, the latest ones.
const maxEvents = 40

// eventsOf are what happened but for each second's figures, with the time since the arm's load began.
func eventsOf(p *performance) []eventView {
	var all []eventView
	clocks := clocksOf(p)
	for _, told := range p.Told {
		if told.Event.Kind == drill.Second {
			continue
		}
		v := eventView{Arm: told.Event.Arm, Text: clean(told.Event.String())}
		if began, ok := clocks[told.Event.Arm]; ok && !told.At.Before(began) {
			v.At = fmt.Sprintf("%.1f s", told.At.Sub(began).Seconds())
		}
		all = append(all, v)
	}
	return all[max(len(all)-maxEvents, 0):]
}

// clocksOf are when the load of each arm began.
func clocksOf(p *performance) map[string]time.Time {
	clocks := map[string]time.Time{}
	for _, told := range p.Told {
		if told.Event.Kind == drill.LoadBegan {
			clocks[told.Event.Arm] = told.At
		}
	}
	return clocks
}

// answersOf is the chart of requests and right answers, second by second, an arm below the other.
func (r *Room) answersOf(p *performance) template.HTML {
	f := chart.Figure{ID: "answers", Title: "Requests and right answers"}
	clocks := clocksOf(p)
	for _, arm := range []string{evidence.Off, evidence.On} {
		if began, ok := clocks[arm]; ok {
			f.Charts = append(f.Charts, chartOf(p, arm, began))
		}
	}
	if len(f.Charts) == 0 {
		return ""
	}
	html, err := f.HTML()
	if err != nil {
		return template.HTML(r.trouble(err))
	}
	return html
}

// chartOf is the chart of one arm.
func chartOf(p *performance, arm string, began time.Time) chart.Chart {
	c := chart.Chart{Title: "Answers in the " + arm + " arm", Name: arm, Unit: chart.PerSecond, To: p.Plan.Timings[p.Pace].Length}
	due, good := chart.Line{Name: "due"}, chart.Line{Name: "right, and in time"}
	begun, latest := map[string]time.Duration{}, time.Duration(0) // of faults that are active; of a second
	for _, told := range p.Told {
		e, at := told.Event, told.At.Sub(began)
		if e.Arm != arm {
			continue
		}
		switch e.Kind {
		case drill.Second:
			due.Points = append(due.Points, chart.Point{At: at, Value: float64(e.Due)})
			good.Points = append(good.Points, chart.Point{At: at, Value: float64(e.Good)})
			latest, c.To = at, max(c.To, at)
		case drill.FaultBegan:
			begun[e.What] = at
		case drill.FaultEnded:
			if from, ok := begun[e.What]; ok {
				c.Shades = append(c.Shades, chart.Shade{From: from, To: at, Label: e.What})
				delete(begun, e.What)
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(begun)) { // to the latest second
		c.Shades = append(c.Shades, chart.Shade{From: begun[what], To: max(begun[what], latest), Label: what})
	}
	c.Lines = []chart.Line{due, good}
	return c
}
