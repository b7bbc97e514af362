package schedule_test

import (
	"testing"

	"brownout/internal/schedule"
)

// FuzzOrderAgainstModel makes a program out of the fuzzer's bytes and runs it
// on the loop, which must keep to an order that the model allows. Time is virtual,
// so that many programs run. It also holds the model's two searches against each
// other.
func FuzzOrderAgainstModel(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(choices(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		program := decode(data)
		for _, policy := range []policy{nodePolicy, handbookPolicy} {
			checkSearches(t, program, policy)
			checkLoop(t, program, policy, frozen, late, busy)
		}
	})
}

// checkSearches checks that every order that the model lists is one that it
// allows, and that their number is not zero.
func checkSearches(t *testing.T, program schedule.Program, policy policy) {
	t.Helper()
	set, complete := orders(program, policy, stateLimit)
	if !complete || len(set) == 0 {
		t.Errorf("the %s policy allows %d orders (complete: %t) for %s", policy, len(set), complete, program)
	}
	for order := range set {
		if !allows(program, policy, order) {
			t.Errorf("the %s policy lists %q and does not allow it for %s", policy, order, program)
		}
	}
}
