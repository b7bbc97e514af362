package drill

import (
	"fmt"
	"strconv"
	"strings"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// A surge is a load.spike of the timeline.
type surge struct {
	Entry
	factor float64
	tenant string // whose customers come more often; "" for all
}

// surgesOf returns the surges of a schedule.
func surgesOf(s Schedule) ([]surge, error) {
	var all []surge
	for _, e := range s.Timeline {
		if e.On != OnLoad || e.Fault != "load.spike" {
			continue
		}
		factor, err := strconv.ParseFloat(e.param("factor"), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: factor: %w", e.Fault, err)
		}
		all = append(all, surge{e, factor, e.param("tenant")})
	}
	return all, nil
}

// arrivals draws who comes when, which depends on the seed alone, so that both arms have the same,
// and so has whoever draws again.
func (l *line) arrivals() (loadgen.Part, error) {
	r := l.runner
	usual := loadgen.Arrivals{
		Text: r.config.Plan.Load.Arrivals, Rate: r.run.Constants["rate"], Length: r.schedule.Length.To, Seed: r.config.Seed,
	}
	for _, s := range l.surges {
		if s.tenant == "" {
			usual.Surges = append(usual.Surges, loadgen.Surge{Factor: s.factor, At: s.At, Width: s.For})
		}
	}
	pacer, err := usual.Pacer()
	if err != nil {
		return loadgen.Part{}, err
	}
	return l.withCrowds(loadgen.Part{Pacer: pacer, Scenario: l.shoppers}, usual)
}

// withCrowds has the crowds of tenants come beside all others, who come as they would without them.
func (l *line) withCrowds(all loadgen.Part, usual loadgen.Arrivals) (loadgen.Part, error) {
	for _, s := range l.surges {
		if s.tenant == "" {
			continue
		}
		crowd, err := s.crowd(usual, l.shoppers)
		if err != nil {
			return all, fmt.Errorf("%s: %w", s.Fault, err)
		}
		both := loadgen.NewJoint(all, crowd)
		all = loadgen.Part{Pacer: both, Scenario: both}
	}
	return all, nil
}

// crowd is those of the tenant's customers who come beyond the usual.
func (s surge) crowd(usual loadgen.Arrivals, shoppers *loadgen.Shoppers) (crowd loadgen.Part, err error) {
	if s.factor <= 1 {
		return crowd, fmt.Errorf("factor: %v: must be above 1 for the customers of one tenant", s.factor)
	}
	of, err := shoppers.Of(s.tenant)
	if err != nil {
		return crowd, err
	}
	rate := usual.Rate * of.Among(shoppers) * (s.factor - 1)
	text := fmt.Sprintf("spike:0-%g@%v+%v", rate, s.At, s.For)
	if strings.HasPrefix(usual.Text, "poisson") {
		text = "poisson:" + text
	}
	pacer, err := loadgen.Arrivals{Text: text, Length: usual.Length, Seed: ^usual.Seed}.Pacer()
	return loadgen.Part{Pacer: pacer, Scenario: of}, err
}

// tenants are those who are told apart.
func (l *line) tenants() []string {
	var all []string
	for _, s := range l.surges {
		if s.tenant != "" {
			all = append(all, s.tenant)
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
