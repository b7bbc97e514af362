package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// Alarm is the measure of an alert: the seconds from the beginning of the first fault until it fires.
const Alarm Measure = "alarm"

// An Alert is a rule of those who watch: it fires on each series of its expression that has been there for a time.
type Alert struct {
	Name  string  `json:"name"`
	Query string  `json:"query"`                 // in PromQL; it has a value where the alert is active
	For   float64 `json:"for_seconds,omitempty"` // that a series of it must have one without a break
	Cause bool    `json:"cause"`                 // it tells a cause, not what customers suffer
}

// Alerts are what a drill demands of the alerts in its off arm: that some of them fire in time, and that of those
// which tell a cause none does that is not its own.
type Alerts struct {
	Rules []Alert  `json:"rules"` // all that there are
	Must  []Raise  `json:"must"`
	May   []string `json:"may,omitempty"`
}

// A Raise is an alert that must fire within so many seconds of the beginning of the first fault.
type Raise struct {
	Alert  string  `json:"alert"`
	Within float64 `json:"within_seconds"`
}

// Own returns the names of the alerts that are the drill's: those that must fire, then those that may.
func (w *Alerts) Own() []string {
	var names []string
	for _, m := range w.Must {
		names = append(names, m.Alert)
	}
	return append(names, w.May...)
}

// Fired returns from when to when an alert fired in an arm, on any of its series: each stretch once, the earliest first.
func (w *Alerts) Fired(a *evidence.Arm, alert string) (when []evidence.Span) {
	i := slices.IndexFunc(w.Rules, func(r Alert) bool { return r.Name == alert })
	if i < 0 {
		return nil
	}
	for _, s := range firings(a.Queries[w.Rules[i].Query], w.Rules[i].hold()) {
		if last := len(when) - 1; last >= 0 && s.From <= when[last].To {
			when[last].To = max(when[last].To, s.To)
			continue
		}
		when = append(when, s)
	}
	return when
}

func (r *Alert) hold() time.Duration { return time.Duration(r.For * float64(time.Second)) }

// alerts says whether those who watch were told of the off arm, and of nothing else. What a machine that is busy with something
// else raises by itself is no fault of the drill's, but then it is not the drill that is seen. Evidence in which no alert was
// asked for, as of a run by an older program, cannot tell.
func (j *judge) alerts(a *evidence.Arm) {
	want := j.checks.Alerts
	if want == nil || !slices.ContainsFunc(want.Rules, func(r Alert) bool { _, asked := a.Queries[r.Query]; return asked }) {
		return
	}
	for i := range want.Rules {
		f, judged := want.find(a, &want.Rules[i])
		if !judged {
			continue
		}
		j.verdict.Alerts = append(j.verdict.Alerts, f)
		switch {
		case f.Held:
		case f.Unmeasured != "", f.Check.AtMost == "":
			j.doubt("off arm: alerts: %s", f.Why)
		default:
			j.miss(a, "alerts: "+f.Why)
		}
	}
}

// find makes the finding of an alert. There is none of one that neither had to fire nor did, nor of a symptom that
// did, which customers may always suffer.
func (w *Alerts) find(a *evidence.Arm, r *Alert) (f Finding, judged bool) {
	f = Finding{Arm: a.Name, Check: Check{Name: r.Name, Measure: Alarm, Query: r.Query}}
	graphs, asked := a.Queries[r.Query]
	at := slices.IndexFunc(w.Must, func(m Raise) bool { return m.Alert == r.Name })
	switch fired := firings(graphs, r.hold()); {
	case at >= 0 && !asked:
		f.Unmeasured = "it was not asked for"
		f.Why = fmt.Sprintf("%s: cannot be told: %s", r.Name, f.Unmeasured)
	case at >= 0:
		f.due(a, fired, w.Must[at].Within)
	case !r.Cause || slices.Contains(w.May, r.Name):
		return f, false
	default:
		return f, f.stray(a, fired)
	}
	return f, true
}

// due says whether an alert fired in time. One that fires when the fault begins has told of something else, as of customers
// who log in, unless it does so until the last fault has ended: then it is there all the time, and still tells.
func (f *Finding) due(a *evidence.Arm, fired []evidence.Span, within float64) {
	begin := harmBegin(a)
	end, _ := a.LastFault()
	f.Check.AtMost, f.AtMost, f.Measured = Formula(fmt.Sprint(within)), within, endless
	if i := slices.IndexFunc(fired, func(s evidence.Span) bool { return s.From >= begin || s.To > end }); i >= 0 {
		f.Measured = max((fired[i].From - begin).Seconds(), 0)
	}
	f.Held = f.Measured != endless && f.Measured <= within
	f.Why = fmt.Sprintf("%s: %s, wanted within %s", f.Check.Name, amount(Alarm, f.Measured), duration(within))
}

// stray says whether an alert that is not the drill's own began to fire, once the baseline had begun: before, customers log in
// and all is cold.
func (f *Finding) stray(a *evidence.Arm, fired []evidence.Span) bool {
	i := slices.IndexFunc(fired, func(s evidence.Span) bool { return s.From >= a.Baseline.From && s.From < a.Length.To })
	if i < 0 {
		return false
	}
	f.Measured = max((fired[i].From - harmBegin(a)).Seconds(), 0)
	f.Why = fmt.Sprintf("%s: fired %s after the load began, and is not of this drill", f.Check.Name, duration(fired[i].From.Seconds()))
	return true
}

// harmBegin is when the first fault began; the end of the baseline if there was none.
func harmBegin(a *evidence.Arm) time.Duration {
	begin := a.Baseline.To
	for i, f := range a.Faults {
		if i == 0 || f.Active.From < begin {
			begin = f.Active.From
		}
	}
	return begin
}

// firings returns from when to when an alert fired, on any of its series, the earliest first. What was so when the load began
// had been so for nobody knows how long, and is taken to fire from then on.
func firings(graphs []evidence.Graph, hold time.Duration) []evidence.Span {
	var all []evidence.Span
	for _, g := range graphs {
		for rest := g.Points; len(rest) > 0; {
			n := unbroken(rest)
			fires := evidence.Span{From: rest[0].At + hold, To: rest[n-1].At + evidence.GraphStep}
			if rest[0].At <= 0 {
				fires.From = 0
			}
			if rest[n-1].At-rest[0].At >= hold {
				all = append(all, fires)
			}
			rest = rest[n:]
		}
	}
	slices.SortFunc(all, func(x, y evidence.Span) int { return cmp.Compare(x.From, y.From) })
	return all
}

// unbroken returns how many points there are before the first gap.
func unbroken(points []evidence.Point) int {
	for i := 1; i < len(points); i++ {
		if points[i].At-points[i-1].At > evidence.GraphStep*3/2 {
			return i
		}
	}
	return len(points)
}
