package main

import (
	"testing"

	"brownout/chaos/verdict"
)

func TestAMutantFailsByThePromiseOfThatVeryName(t *testing.T) {
	for _, tt := range []struct {
		result verdict.Result
		reason string
		want   bool
	}{
		{verdict.Fail, "on arm: amplification: 1.5, wanted at most 1.1", true},
		{verdict.Fail, "on arm: amplification at first: 1.5, wanted at most 1.2", false},
		{verdict.Fail, "on arm: audit: amplification is violated: k-1", true},
		{verdict.Fail, "off arm: amplification: 1.5, wanted at most 1.1", false},
		{verdict.Invalid, "on arm: amplification: cannot be told: no data", false},
	} {
		if got := failsBy(verdict.Verdict{Result: tt.result, Reasons: []string{tt.reason}}, "amplification"); got != tt.want {
			t.Errorf("%s, %s: %t", tt.result, tt.reason, got)
		}
	}
}
