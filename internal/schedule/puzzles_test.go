package schedule_test

import (
	"maps"
	"slices"
	"testing"

	"brownout/internal/schedule"
)

// answers returns what a puzzle says that a policy allows.
func answers(puzzle schedule.Puzzle, policy policy) []string {
	if policy == handbookPolicy {
		return puzzle.Handbook
	}
	return puzzle.Node
}

func TestModelAllowsExactlyThePuzzlesAnswers(t *testing.T) {
	for _, puzzle := range readPuzzles(t) {
		for _, policy := range []policy{nodePolicy, handbookPolicy} {
			t.Run(puzzle.ID+"/"+policy.String(), func(t *testing.T) {
				want := slices.Sorted(slices.Values(answers(puzzle, policy)))
				set, complete := orders(puzzle.Program, policy, stateLimit)
				if got := slices.Sorted(maps.Keys(set)); !complete || !slices.Equal(got, want) {
					t.Errorf("%s\nallows %q (complete: %t), want %q", puzzle.Program, got, complete, want)
				}
			})
		}
	}
}

// TestModelOrders holds what no puzzle asks about: the rules of the phases.
func TestModelOrders(t *testing.T) {
	for _, tt := range []struct {
		name, program string
		want          []string
	}{
		{"nothing", `[]`, []string{""}},
		{"timers keep their order", `[{"timeout":[{"log":"1"}]},{"timeout":[{"log":"2"}]}]`, []string{"1 2"}},
		{"timers may come due one by one", `[{"timeout":[{"log":"1"},{"immediate":[{"log":"i"}]}]},{"timeout":[{"log":"2"}]}]`, []string{"1 2 i", "1 i 2"}},
		{"a timer set in the timers phase waits", `[{"timeout":[{"log":"1"},{"timeout":[{"log":"2"}]},{"immediate":[{"log":"i"}]}]}]`, []string{"1 i 2"}},
		{"unless Node starts the phase again, as the last drain sets another", `[{"timeout":[{"log":"1"},{"timeout":[{"log":"2"}]},{"immediate":[{"log":"i"}]},{"promise":[{"timeout":[{"log":"3"}]}]}]}]`,
			[]string{"1 2 3 i", "1 2 i 3", "1 i 2 3"}},
		{"for which another must be there", `[{"timeout":[{"log":"1"},{"immediate":[{"log":"i"}]},{"nextTick":[{"timeout":[{"log":"2"}]}]}]}]`, []string{"1 i 2"}},
		{"or set in the same drain", `[{"timeout":[{"log":"1"},{"immediate":[{"log":"i"}]},{"nextTick":[{"timeout":[{"log":"2"}]},{"timeout":[{"log":"3"}]}]}]}]`,
			[]string{"1 2 3 i", "1 2 i 3", "1 i 2 3"}},
		{"an immediate set in the check phase waits", `[{"immediate":[{"log":"1"},{"immediate":[{"log":"3"}]}]},{"immediate":[{"log":"2"}]}]`, []string{"1 2 3"}},
		{"reads complete in any order", `[{"io":[{"log":"1"}]},{"io":[{"log":"2"}]}]`, []string{"1 2", "2 1"}},
		{"a read started in the poll phase waits", `[{"io":[{"log":"1"},{"io":[{"log":"2"}]},{"immediate":[{"log":"i"}]}]}]`, []string{"1 i 2"}},
		{"a read may take many turns", `[{"io":[{"log":"r"}]},{"immediate":[{"log":"1"},{"immediate":[{"log":"2"}]}]}]`, []string{"1 2 r", "1 r 2", "r 1 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, _ := orders(mustParse(t, tt.program), nodePolicy, stateLimit)
			if got := slices.Sorted(maps.Keys(set)); !slices.Equal(got, tt.want) {
				t.Errorf("allows %q, want %q", got, tt.want)
			}
		})
	}
}

func TestModelSaysWhenItGaveUp(t *testing.T) {
	program := mustParse(t, `[{"io":[{"log":"1"}]},{"io":[{"log":"2"}]},{"io":[{"log":"3"}]}]`)
	if set, complete := orders(program, nodePolicy, 5); complete {
		t.Errorf("complete after 5 states: %v", set)
	}
}

func TestModelRefusesOtherOrders(t *testing.T) {
	for _, puzzle := range readPuzzles(t) {
		for _, order := range puzzle.Node {
			if !allows(puzzle.Program, nodePolicy, order) {
				t.Errorf("%s: %q is not allowed", puzzle.ID, order)
			}
			for _, wrong := range []string{"", order + " X", order[:len(order)-1], order[1:]} {
				if allows(puzzle.Program, nodePolicy, wrong) {
					t.Errorf("%s: %q is allowed", puzzle.ID, wrong)
				}
			}
		}
	}
}

func mustParse(t *testing.T, text string) schedule.Program {
	t.Helper()
	document, err := schedule.Parse("program", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document.Puzzles[0].Program
}
