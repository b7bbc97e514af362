package loop

import "unsafe"

// maxLabels bounds the distinct names a loop tells apart; every further name
// is reported as otherName. Names are meant to be few and constant.
const (
	maxLabels = 1024
	otherName = "(other)"
)

// A site is a name in a phase: what the loop publishes as running now. Sites
// never change once made, so another goroutine may read one at any time.
type site struct {
	name  string
	phase Phase
}

// A label is an interned name. Comparing labels is comparing pointers, and
// publishing one is a single atomic store.
type label struct {
	name  string
	sites [numPhases]site
}

func newLabel(name string) *label {
	lb := &label{name: name}
	for p := range lb.sites {
		lb.sites[p] = site{name: name, phase: Phase(p)}
	}
	return lb
}

// labels interns names. It remembers the last one, because callbacks of one
// name tend to come in a row.
type labels struct {
	last     *label
	lastText *byte // where the text of the last name is, as asked for
	all      map[string]*label
}

func newLabels() labels {
	other := newLabel(otherName)
	return labels{last: other, all: map[string]*label{otherName: other}}
}

// get returns the label of a name. A name is mostly the constant that it was the
// last time, which its address and length tell without looking at the text.
func (ls *labels) get(name string) *label {
	if unsafe.StringData(name) == ls.lastText && len(name) == len(ls.last.name) {
		return ls.last
	}
	return ls.lookup(name)
}

//go:noinline
func (ls *labels) lookup(name string) *label {
	lb, ok := ls.all[name]
	if !ok {
		lb = ls.add(name)
	}
	ls.last, ls.lastText = lb, unsafe.StringData(name)
	return lb
}

func (ls *labels) add(name string) *label {
	if len(ls.all) >= maxLabels {
		return ls.all[otherName]
	}
	lb := newLabel(name)
	ls.all[name] = lb
	return lb
}
