package room

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"brownout/internal/resilience"
)

// A protectionsView is all protections of all parts, as they stand.
type protectionsView struct {
	Troubles    []string
	Metrics     string // why there are no figures, if so
	Standing    []standing
	Protections []protection
}

// A standing is how a protection stands before one thing that it guards: a breaker before a
// downstream, a limit of calls, a budget.
type standing struct {
	Name, Part, Target string
	Text               string
	Stand              stand
	Refused            float64 // a second
}

// A protection is one, with a switch for each part.
type protection struct {
	Name, Help string
	Usual      bool // whether it starts on
	Switches   []toggle
	Refused    float64 // by all parts, a second
}

// A toggle is the switch of a protection in a part.
type toggle struct {
	Part string
	On   bool
	Next string // what it is pressed for: part, name and "on" or "off"
}

// partStates are what a part says of its protections.
type partStates struct {
	port   port
	states []resilience.State
	err    error
}

func (r *Room) readProtections(*http.Request) (question, error) {
	return question{title: "Protections", live: r.lookAtProtections}, nil
}

func (r *Room) lookAtProtections(ctx context.Context) (any, error) {
	s, err := r.shop()
	if err != nil {
		return nil, err
	}
	all := each(loops(s), func(p port) partStates {
		answer := partStates{port: p}
		answer.err = r.ports.get(ctx, p, "/admin/protections", &answer.states)
		return answer
	})
	figures, err := r.measureProtections(ctx)
	v := newProtectionsView(all, figures)
	if err != nil {
		v.Metrics = sentence(err.Error())
	}
	return v, nil
}

// guardFigures are what protections refuse, by part, name and target; and how budgets, ramps and limits stand, by
// part and target.
type guardFigures struct{ refused, retries, ramps, limits reading }

func (r *Room) measureProtections(ctx context.Context) (guardFigures, error) {
	var f guardFigures
	i := r.inquire(ctx)
	i.read(&f.refused, `sum by (job, protection, target) (rate(brownout_protection_rejections_total[5s]))`, "job", "protection", "target")
	i.read(&f.retries, `brownout_protection_retry_budget_retries`, "job", "target")
	i.read(&f.ramps, `brownout_protection_slow_start_calls_per_second`, "job", "target")
	i.read(&f.limits, `brownout_protection_adaptive_limit_calls`, "job", "target")
	return f, i.wait()
}

func newProtectionsView(all []partStates, f guardFigures) protectionsView {
	var v protectionsView
	for _, p := range all {
		if p.err != nil {
			v.Troubles = append(v.Troubles, sentence(p.err.Error()))
			continue
		}
		for _, state := range p.states {
			v.add(p.port.name, state, f)
		}
	}
	slices.SortFunc(v.Protections, func(a, b protection) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(v.Standing, func(a, b standing) int { // what acts comes first: there are dozens
		return cmp.Or(cmp.Compare(b.Stand.weight(), a.Stand.weight()), cmp.Compare(a.Name, b.Name), cmp.Compare(place(a.Part), place(b.Part)))
	})
	return v
}

// add adds what a part says of a protection.
func (v *protectionsView) add(part string, s resilience.State, f guardFigures) {
	name := string(s.Name)
	i := slices.IndexFunc(v.Protections, func(p protection) bool { return p.Name == name })
	if i < 0 {
		i = len(v.Protections)
		v.Protections = append(v.Protections, protection{Name: name, Help: clean(s.Help), Usual: s.Name.StartsOn()})
	}
	p := &v.Protections[i]
	p.Switches = append(p.Switches, toggle{part, s.On, strings.Join([]string{part, name, onOff(!s.On)}, " ")})
	p.Refused += sumOf(f.refused, part+" "+name+" ")
	if s.On {
		v.Standing = append(v.Standing, standingsOf(part, s, f)...)
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// sumOf adds the values of labels that begin with some.
func sumOf(r reading, prefix string) (sum float64) {
	for labels, v := range r {
		if strings.HasPrefix(labels, prefix) {
			sum += v
		}
	}
	return sum
}

// standingsOf are what a part tells of the single places of a protection: in words of its own, and, of
// budgets and learning limits, in figures.
func standingsOf(part string, s resilience.State, f guardFigures) []standing {
	var all []standing
	name := string(s.Name)
	for _, detail := range s.Details {
		target, text, _ := strings.Cut(detail, ": ")
		all = append(all, newStanding(name, part, target, text, f))
	}
	if len(all) > 0 {
		return all
	}
	figures, text := f.of(s.Name)
	for _, labels := range slices.Sorted(keys(figures, part+" ")) {
		all = append(all, newStanding(name, part, strings.TrimPrefix(labels, part+" "), text(figures[labels]), f))
	}
	return all
}

// of returns the figures of a protection, none if it has none, and what one means.
func (f *guardFigures) of(n resilience.Name) (figures reading, text func(v float64) string) {
	switch n {
	case resilience.RetryBudget:
		return f.retries, func(v float64) string { return fmt.Sprintf("%.0f retries left", v) }
	case resilience.SlowStart:
		return f.ramps, rampText
	case resilience.AdaptiveLimit:
		return f.limits, func(v float64) string { return fmt.Sprintf("at most %.0f at once", v) }
	}
	return nil, nil
}

func rampText(v float64) string {
	if v == 0 {
		return "lets all through"
	}
	return fmt.Sprintf("lets %.0f a second through", v)
}

// keys are the labels that begin with some.
func keys(r reading, prefix string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for labels := range r {
			if strings.HasPrefix(labels, prefix) && !yield(labels) {
				return
			}
		}
	}
}

func newStanding(name, part, target, text string, f guardFigures) standing {
	s := standing{Name: name, Part: part, Target: clean(target), Text: clean(text), Stand: fine, Refused: zeroIfNone(f.refused.of(part, name, target))}
	switch {
	case text == "open":
		s.Stand = down
	case text == "half-open":
		s.Stand = slow
	case s.Refused > 0:
		s.Stand = failing
	}
	return s
}

// pressProtection switches a protection of a part, or of all parts.
func (r *Room) pressProtection(q *http.Request) (done, error) {
	fields := strings.Fields(q.PostFormValue("switch"))
	if len(fields) != 3 || resilience.Name(fields[1]).Help() == "" || fields[2] != "on" && fields[2] != "off" {
		return done{}, refusal{http.StatusBadRequest, "There is no such switch."}
	}
	s, err := r.shop()
	if err != nil {
		return done{}, err
	}
	targets := loops(s)
	if fields[0] != "all" {
		p, err := find(targets, fields[0])
		if err != nil {
			return done{}, err
		}
		targets = []port{p}
	}
	if len(targets) == 0 {
		return done{}, refusal{http.StatusNotFound, "The shop has no part with protections."}
	}
	change := map[string]bool{fields[1]: fields[2] == "on"}
	if err := errors.Join(each(targets, func(p port) error {
		var states []resilience.State
		return r.ports.call(q.Context(), p, http.MethodPut, "/admin/protections", change, &states)
	})...); err != nil {
		return done{}, err
	}
	return done{Message: fmt.Sprintf("%s is %s in %s.", fields[1], fields[2], namesOf(targets)), back: "/protections#" + fields[1]}, nil
}

func namesOf(ports []port) string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}
