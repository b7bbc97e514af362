package drill

import (
	"slices"

	"brownout/internal/resilience"
)

// MaxAblated bounds the protections of an ablation, whose arms grow with their square.
const MaxAblated = 6

// Ablation returns the sets of protections that tell which of them carry a drill, each to be the
// only ones of all that an arm has: none, each alone, each pair, all.
func Ablation(all []resilience.Name) [][]resilience.Name {
	sets := [][]resilience.Name{{}}
	for _, n := range all {
		sets = append(sets, []resilience.Name{n})
	}
	for i, n := range all {
		for _, m := range all[i+1:] {
			sets = append(sets, []resilience.Name{n, m})
		}
	}
	if len(all) > 2 {
		sets = append(sets, slices.Clone(all))
	}
	return sets
}

// Without returns what of all is not in a set.
func Without(all, set []resilience.Name) []resilience.Name { return without(all, set) }
