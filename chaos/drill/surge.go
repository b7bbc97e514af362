package drill

import (
	"fmt"
	"strconv"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

const loadSpike = "load.spike"

// A surge is a load.spike of the timeline.
type surge struct {
	Entry
	loadgen.Surge
}

// tenant is whose customers come more often; "" for all, or if nobody does.
func (e Entry) tenant() string {
	if e.Fault != loadSpike {
		return ""
	}
	return e.param("tenant")
}

// surgesOf returns the surges of a schedule.
func surgesOf(s Schedule) ([]surge, error) {
	var all []surge
	for _, e := range s.Timeline {
		if e.On != OnLoad || e.Fault != loadSpike {
			continue
		}
		factor, err := strconv.ParseFloat(e.param("factor"), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: factor: %w", e.Fault, err)
		}
		all = append(all, surge{e, loadgen.Surge{Factor: factor, At: e.At, Width: e.For, Tenant: e.tenant()}})
	}
	return all, nil
}

// arrivals draws who comes when, which depends on the seed alone, so that both arms have the same,
// and so has whoever draws again.
func (l *line) arrivals() (loadgen.Part, error) {
	r := l.runner
	a := loadgen.Arrivals{
		Text: r.config.Plan.Load.Arrivals, Rate: r.run.Constants["rate"], Length: r.schedule.Length.To, Seed: r.config.Seed,
	}
	for _, s := range l.surges {
		a.Surges = append(a.Surges, s.Surge)
	}
	return l.shoppers.Come(a)
}

// tenants are those who are told apart.
func (l *line) tenants() []string {
	var all []string
	for _, s := range l.surges {
		if s.Tenant != "" {
			all = append(all, s.Tenant)
		}
	}
	return all
}

// seen is the surge as the samples of an arm show it: what was due beyond the usual.
func (s surge) seen(a *evidence.Arm, usual float64) evidence.Fault {
	f := evidence.Fault{Kind: s.Fault, On: s.On, Params: s.Params, Active: active(s.Entry)}
	for _, w := range a.Windows {
		due := int64(0)
		for _, t := range w.Routes {
			due += t.Scheduled
		}
		switch {
		case f.Active.Holds(w.Start):
			f.Hits += max(due-int64(usual), 0)
		case w.Start >= f.Active.To:
			f.Ended = true
		}
	}
	return f
}
