package drill_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"brownout/chaos/drill"
)

// FuzzPlan wants that every text is a plan that can be run, or has problems with places in it.
func FuzzPlan(f *testing.F) {
	text := sound(f)
	f.Add(text)
	for _, tt := range wrongs {
		f.Add(strings.Replace(text, tt.old, tt.new, 1))
	}
	wrong, err := os.ReadFile("testdata/wrong.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(wrong))
	parser := aParser()
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := parser.Parse("x.yaml", []byte(text))
		if err != nil {
			mustHavePlaces(t, text, err)
			return
		}
		for _, pace := range []drill.Pace{drill.Quick, drill.Demo} {
			mustBeRunnable(t, plan, pace)
		}
	})
}

func mustHavePlaces(t *testing.T, text string, err error) {
	var told drill.Problems
	if !errors.As(err, &told) || len(told) == 0 {
		t.Fatalf("got %v, want problems", err)
	}
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 2
	for _, p := range told {
		if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Text == "" {
			t.Errorf("%v: is not in a text of %d lines", p, lines)
		}
	}
}

func mustBeRunnable(t *testing.T, plan *drill.Plan, pace drill.Pace) {
	s, err := plan.Pace(pace)
	if err != nil {
		t.Fatal(err)
	}
	harm := s.Harm()
	if len(s.Timeline) == 0 || harm.From < s.Baseline.To || harm.To > s.Length.To || s.Baseline.From >= s.Baseline.To {
		t.Errorf("%s: it does not fit: %+v", pace, s)
	}
	if _, err := plan.Expected(); err != nil {
		t.Error(err)
	}
	if _, err := plan.Variables(pace, 157.31); err != nil {
		t.Error(err)
	}
	if len(plan.Checks(pace).Promises) == 0 {
		t.Errorf("%s: nothing is promised", pace)
	}
}
