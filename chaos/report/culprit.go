package report

import (
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// A culprit is what kept a loop: turns of one name in one phase.
type culprit struct {
	Arm, Service, Name, Phase string
	Turns                     int
	First, Longest            string
	Stack                     string // of its longest turn

	longest time.Duration
}

// maxCulprits bounds those that are told of an arm.
const maxCulprits = 5

// culprits are those of both arms, the longest turn first.
func (r *Report) culprits() (all []culprit, more int) {
	for _, a := range r.arms() {
		of := culpritsOf(a)
		more += max(len(of)-maxCulprits, 0)
		all = append(all, of[:min(len(of), maxCulprits)]...)
	}
	return all, more
}

func culpritsOf(a *evidence.Arm) []culprit {
	type key struct{ service, name, phase string }
	found := map[key]*culprit{}
	var order []*culprit
	for _, t := range a.Turns {
		k := key{t.Service, t.Name, t.Phase}
		c := found[k]
		if c == nil {
			c = &culprit{
				Arm: a.Name, Service: clean(t.Service, maxName), Name: clean(t.Name, maxName), Phase: clean(t.Phase, maxName), First: length(t.At),
			}
			found[k] = c
			order = append(order, c)
		}
		c.Turns++
		if c.Turns == 1 || t.Age > c.longest {
			c.longest, c.Longest, c.Stack = t.Age, length(t.Age), cleanLines(t.Stack, maxStack)
		}
	}
	slices.SortStableFunc(order, func(x, y *culprit) int { return int(y.longest - x.longest) })
	var all []culprit
	for _, c := range order {
		all = append(all, *c)
	}
	return all
}
