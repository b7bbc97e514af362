package main_test

import (
	"regexp"
	"testing"

	peers "brownout/internal/loop/peers"
)

func TestLimits(t *testing.T) {
	tests := []struct {
		limit      peers.Limit
		ours, peer float64
		holds      bool
		ratio      string
	}{
		{peers.Faster(8), 10, 80, true, "peer/ours 8.00"},
		{peers.Faster(8), 10, 79, false, "peer/ours 7.90"},
		{peers.Within(1), 50, 50, true, "ours/peer 1.00"},
		{peers.Within(1), 51, 50, false, "ours/peer 1.02"},
		{peers.Within(2), 99, 50, true, "ours/peer 1.98"},
		{peers.Beside(), 99, 1, true, "peer/ours 0.01"},
	}
	for _, tt := range tests {
		if got := tt.limit.Holds(tt.ours, tt.peer); got != tt.holds {
			t.Errorf("%v: Holds(%v, %v) = %v", tt.limit, tt.ours, tt.peer, got)
		}
		if got := tt.limit.Ratio(tt.ours, tt.peer); got != tt.ratio {
			t.Errorf("%v: Ratio(%v, %v) = %q, want %q", tt.limit, tt.ours, tt.peer, got, tt.ratio)
		}
	}
}

func TestLimitString(t *testing.T) {
	for want, limit := range map[string]peers.Limit{
		"peer/ours ≥ 8": peers.Faster(8),
		"ours/peer ≤ 1": peers.Within(1),
		"none":          peers.Beside(),
	} {
		if got := limit.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	reading := func(ns, allocs float64) peers.Reading { return peers.Reading{NsPerOp: ns, AllocsPerOp: allocs} }
	none := peers.Reading{}
	strict := peers.Bar{Limit: peers.Within(2)}
	lenient := peers.Bar{Limit: peers.Within(2), MayAllocate: true}
	beside := peers.Bar{Limit: peers.Beside()}
	tests := []struct {
		name         string
		bar          peers.Bar
		ours, theirs peers.Reading
		want         peers.Verdict
		met          bool
	}{
		{"holds", strict, reading(10, 0), reading(5, 0), peers.Met, true},
		{"too slow", strict, reading(11, 0), reading(5, 0), peers.TooSlow, false},
		{"allocates", strict, reading(10, 1), reading(5, 0), peers.Allocates, false},
		{"may allocate", lenient, reading(10, 1), reading(5, 0), peers.Met, true},
		{"a peer may allocate", strict, reading(10, 0), reading(5, 7), peers.Met, true},
		{"no peer", strict, reading(10, 0), none, peers.NotMeasured, false},
		{"no benchmark", strict, none, reading(5, 0), peers.NotMeasured, false},
		{"no bar", beside, reading(99, 9), reading(5, 0), peers.NoBar, true},
		{"no bar, no peer", beside, reading(99, 9), none, peers.NoBar, true},
	}
	for _, tt := range tests {
		row := peers.Row{Bar: tt.bar, Ours: tt.ours, Theirs: tt.theirs}
		if got := row.Verdict(); got != tt.want {
			t.Errorf("%s: verdict %q, want %q", tt.name, got, tt.want)
		}
		if got := peers.AllMet([]peers.Row{row}); got != tt.met {
			t.Errorf("%s: AllMet = %v", tt.name, got)
		}
	}
}

func TestGoBenchmarksMatchesBothSidesOfABar(t *testing.T) {
	timers, others := peers.GoBenchmarks(peers.Bars, true), peers.GoBenchmarks(peers.Bars, false)
	for _, row := range []struct{ name, by string }{
		{"NextTick", others}, {"Channel", others}, {"CoroutineSwitch", others}, {"ChannelRoundTrip", others}, {"Pool", others},
		{"Timers", timers}, {"SomethingElse", ""},
	} {
		for _, pattern := range []string{timers, others} {
			if got := regexp.MustCompile(pattern).MatchString("Benchmark" + row.name); got != (pattern == row.by) {
				t.Errorf("%v matches Benchmark%s: %v", pattern, row.name, got)
			}
		}
	}
}
