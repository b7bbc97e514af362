package main

import (
	"testing"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
)

func TestADrillIsRunAgainAsItWasRun(t *testing.T) {
	text, err := drills.Read("spike")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := drill.ParsePlan("spike.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	own := *plan
	own.Name = "own"
	arms := func(names ...string) map[string]*evidence.Arm {
		all := map[string]*evidence.Arm{}
		for _, name := range names {
			all[name] = &evidence.Arm{Name: name}
		}
		return all
	}
	lacking := arms("off", "on")
	lacking["on"].Disabled = []string{"codel", "it's"}
	for name, tt := range map[string]struct {
		plan *drill.Plan
		run  evidence.Run
		want string
	}{
		"both arms":  {plan, evidence.Run{Pace: "demo", Seed: 3, Arms: arms("off", "on")}, `brownout drill run spike --pace demo --seed 3`},
		"one arm":    {plan, evidence.Run{Pace: "quick", Arms: arms("off")}, `brownout drill run spike --pace quick --seed 0 --arm off`},
		"without":    {plan, evidence.Run{Pace: "quick", Arms: lacking}, `brownout drill run spike --pace quick --seed 0 --without codel --without 'it'\''s'`},
		"file":       {&own, evidence.Run{Pace: "quick", Arms: arms("off", "on")}, `brownout drill run 'a run/plan.yaml' --pace quick --seed 0`},
		"never ran":  {plan, evidence.Run{Pace: "quick"}, `brownout drill run spike --pace quick --seed 0`},
		"other pace": {plan, evidence.Run{Pace: "x; rm"}, `brownout drill run spike --pace 'x; rm' --seed 0`},
	} {
		if got := again("a run", tt.plan, &tt.run); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
