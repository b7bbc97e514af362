package room

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shopfile"
)

// signature is who asks for faults, in the audit logs.
const signature = "control room"

// partFaults are what a port says of its faults.
type partFaults struct {
	port   port
	report fault.Report
	err    error
}

// faultsPeriod is how old may be what the parts say of their faults.
const faultsPeriod = time.Second

// lookAtFaults asks all ports for their faults, unless they have just been asked. An error says that nothing
// is known of any: ctx was done first, for one.
func (r *Room) lookAtFaults(ctx context.Context, s *shopfile.Shop) ([]partFaults, error) {
	return r.faults.get(ctx, s.Epoch+s.EpochID, faultsPeriod*9/10, func() ([]partFaults, error) {
		ctx, cancel := context.WithTimeout(r.ctx, lookTime)
		defer cancel()
		return each(breakable(s), func(p port) partFaults {
			answer := partFaults{port: p}
			answer.report, answer.err = r.ports.faults(p).List(ctx)
			return answer
		}), nil
	})
}

// A faultsView is what is active, and what has ended lately.
type faultsView struct {
	Troubles      []string
	Active, Ended []faultView
}

// A faultForms is what can be injected, by family.
type faultForms struct {
	Troubles []string
	Families []family
	Epoch    string
}

// A family is kinds whose names begin alike.
type family struct {
	Name  string
	Forms []faultForm
}

// A faultForm is a kind, and the parts that can have it.
type faultForm struct {
	fault.Kind
	On     []string
	Fields []field
}

// A field is a parameter of a form.
type field struct {
	fault.Param
	ID     string
	Number bool   // it is a whole number, or one between bounds
	Hint   string // what it may be
}

func (r *Room) readFaults(*http.Request) (question, error) {
	return question{title: "Faults", still: r.faultForms, live: r.lookAtActive}, nil
}

// maxFaults bounds the faults that are shown, of those that have ended.
const maxFaults = 12

func (r *Room) lookAtActive(ctx context.Context) (any, error) {
	s, err := r.shop()
	if err != nil {
		return nil, err
	}
	reports, err := r.lookAtFaults(ctx, s)
	if err != nil {
		return nil, err
	}
	v := faultsView{Active: active(reports), Ended: ended(reports)}
	for _, p := range reports {
		if p.err != nil {
			v.Troubles = append(v.Troubles, sentence(p.port.name+" does not answer: "+p.err.Error()))
		}
	}
	return v, nil
}

// ended are the faults that were, of all ports, the last one first.
func ended(reports []partFaults) []faultView {
	type ending struct {
		part   string
		status fault.Status
	}
	var all []ending
	for _, p := range reports {
		for _, status := range p.report.Ended {
			all = append(all, ending{p.port.name, status})
		}
	}
	slices.SortStableFunc(all, func(a, b ending) int { return b.status.Ended.Compare(a.status.Ended) })
	var views []faultView
	for _, e := range all[:min(len(all), maxFaults)] {
		views = append(views, faultViewOf(e.part, e.status))
	}
	return views
}

// faultForms are what the parts of the shop can have.
func (r *Room) faultForms(ctx context.Context) (any, error) {
	s, err := r.shop()
	if err != nil {
		return nil, err
	}
	reports, err := r.lookAtFaults(ctx, s)
	if err != nil {
		return nil, err
	}
	forms := faultForms{Epoch: s.Epoch}
	var all []faultForm
	for _, p := range reports {
		if p.err != nil {
			forms.Troubles = append(forms.Troubles, sentence(p.port.name+" does not answer, and cannot be broken: "+p.err.Error()))
		}
		for _, k := range p.report.Kinds {
			if k.Missing == "" {
				all = addForm(all, p.port.name, k)
			}
		}
	}
	forms.Families = families(all)
	return forms, nil
}

// addForm adds a part to those that can have a kind, if it has the same there.
func addForm(all []faultForm, part string, k fault.Kind) []faultForm {
	i := slices.IndexFunc(all, func(f faultForm) bool {
		return f.Name == k.Name && slices.EqualFunc(f.Params, k.Params, sameParam)
	})
	if i >= 0 {
		all[i].On = append(all[i].On, part)
		return all
	}
	form := faultForm{Kind: k, On: []string{part}}
	for _, p := range k.Params {
		form.Fields = append(form.Fields, field{
			Param: p, ID: fmt.Sprintf("%s-%d-%s", k.Name, len(all), p.Name), Number: p.Type == fault.Int, Hint: hint(p),
		})
	}
	return append(all, form)
}

func sameParam(a, b fault.Param) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Default == b.Default && a.Min == b.Min && a.Max == b.Max && slices.Equal(a.Choices, b.Choices)
}

func families(all []faultForm) []family {
	slices.SortStableFunc(all, func(a, b faultForm) int { return cmp.Compare(a.Name, b.Name) })
	var families []family
	for _, form := range all {
		name, _, _ := strings.Cut(form.Name, ".")
		if n := len(families); n == 0 || families[n-1].Name != name {
			families = append(families, family{Name: name})
		}
		last := &families[len(families)-1]
		last.Forms = append(last.Forms, form)
	}
	return families
}

// hint says what a parameter may be.
func hint(p fault.Param) string {
	least := cmp.Or(p.Min, "0")
	switch p.Type {
	case fault.Choice:
		return ""
	case fault.Text:
		return "up to 64 characters"
	case fault.Duration:
		return fmt.Sprintf("a time, as in 300ms or 2s, from %s to %s", least, p.Max)
	case fault.Bytes:
		return fmt.Sprintf("bytes, as in 64KiB, from %s to %s", least, p.Max)
	}
	return fmt.Sprintf("from %s to %s", least, p.Max)
}

// settings writes the parameters of a fault, and whom it spares.
func settings(s fault.Spec) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		if s.Params[name] != "" {
			pairs = append(pairs, name+"="+s.Params[name])
		}
	}
	if s.Toxicity > 0 && s.Toxicity < 1 {
		pairs = append(pairs, fmt.Sprintf("toxicity=%g", s.Toxicity))
	}
	if s.First > 0 {
		pairs = append(pairs, fmt.Sprintf("first=%d", s.First))
	}
	return clean(strings.Join(pairs, " "))
}

// paramPrefix begins the names of the fields that are parameters.
const paramPrefix = "param-"

// pressFault injects a fault. What its parameters may be is the part's to say.
func (r *Room) pressFault(q *http.Request) (done, error) {
	spec, err := specOf(q)
	if err != nil {
		return done{}, err
	}
	s, err := r.shop()
	if err != nil {
		return done{}, err
	}
	p, err := find(breakable(s), q.PostFormValue("on"))
	if err != nil {
		return done{}, err
	}
	if _, err := r.ports.faults(p).Inject(q.Context(), spec); err != nil {
		return done{}, p.named(err)
	}
	return done{Message: fmt.Sprintf("%s is active on %s, for %v at most.", spec.Fault, p.name, spec.TTL), back: "/faults"}, nil
}

// specOf reads a form.
func specOf(q *http.Request) (fault.Spec, error) {
	spec := fault.Spec{Fault: q.PostFormValue("fault"), Params: map[string]string{}, By: signature}
	for name, values := range q.PostForm {
		if param, is := strings.CutPrefix(name, paramPrefix); is && len(values) == 1 {
			spec.Params[param] = values[0]
		}
	}
	var err error
	if spec.TTL, err = time.ParseDuration(q.PostFormValue("ttl")); err != nil {
		return spec, refusal{http.StatusBadRequest, "The time to live must be a time, as in 30s."}
	}
	if text := q.PostFormValue("toxicity"); text != "" {
		if spec.Toxicity, err = strconv.ParseFloat(text, 64); err != nil || !(spec.Toxicity > 0 && spec.Toxicity <= 1) { // 0 would mean 1
			return spec, refusal{http.StatusBadRequest, "The toxicity must be a number above 0, and at most 1."}
		}
	}
	if text := q.PostFormValue("first"); text != "" {
		if spec.First, err = strconv.Atoi(text); err != nil {
			return spec, refusal{http.StatusBadRequest, "How many it hits must be a whole number; 0 means all."}
		}
	}
	return spec, nil
}

// pressClear ends a fault, or all of them.
func (r *Room) pressClear(q *http.Request) (done, error) {
	s, err := r.shop()
	if err != nil {
		return done{}, err
	}
	part, id, _ := strings.Cut(q.PostFormValue("clear"), " ")
	if part == "all" {
		return r.clearAll(q.Context(), breakable(s))
	}
	p, err := find(breakable(s), part)
	if err == nil && id == "" {
		err = refusal{http.StatusNotFound, "There is no such fault."}
	}
	if err != nil {
		return done{}, err
	}
	status, err := r.ports.faults(p).Clear(q.Context(), id)
	if err != nil {
		return done{}, p.named(err)
	}
	return done{Message: fmt.Sprintf("%s on %s has ended, after %d hits.", clean(status.Spec.Fault), p.name, status.Hits), back: "/faults"}, nil
}

// clearAll ends what is active, wherever it is. Who does not answer keeps it from nobody else.
func (r *Room) clearAll(ctx context.Context, ports []port) (done, error) {
	var trouble []error
	n := 0
	for _, ended := range each(ports, func(p port) partFaults {
		all, err := r.ports.faults(p).ClearAll(ctx)
		return partFaults{p, fault.Report{Ended: all}, err}
	}) {
		n += len(ended.report.Ended)
		if ended.err != nil {
			trouble = append(trouble, fmt.Errorf("%s does not answer, and may go on: %w", ended.port.name, ended.err))
		}
	}
	return done{Message: counted(n, "fault was ended.", "faults were ended."), back: "/faults"}, errors.Join(trouble...)
}
