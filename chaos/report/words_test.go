package report

import (
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

func TestAmounts(t *testing.T) {
	for _, tt := range []struct {
		measure verdict.Measure
		value   float64
		want    string
	}{
		{verdict.Goodput, 0.5, "50.0 %"}, {verdict.Latency, 0.02, "20 ms"}, {verdict.Refusal, 2, "2 s"},
		{verdict.Recovery, -1, "never"}, {verdict.Recovery, 3, "3 s"}, {verdict.Attempts, 1.234, "1.23 ×"}, {verdict.Query, 7.5, "7.5"},
	} {
		if got := amount(tt.measure, tt.value); got != tt.want {
			t.Errorf("%s of %v is %q, want %q", tt.measure, tt.value, got, tt.want)
		}
	}
}

func TestCleanTexts(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"plain – ünïcode", 50, "plain – ünïcode"}, {"one\ntwo\tthree", 50, "one two three"}, {"cut here", 3, "cut…"},
		{"\x1b[31mred\x00", 50, "\ufffd[31mred\ufffd"}, {"a\u202eb\u200b", 50, "a\ufffdb\ufffd"}, {"\xff", 5, "\ufffd"}, {"", 5, ""},
	} {
		if got := clean(tt.text, tt.n); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.text, got, tt.want)
		}
	}
	if got, want := cleanLines("main.f()\r\n\tmain.go:1\n\n\x1b\n", 100), "main.f()\n    main.go:1\n\n\ufffd"; got != want {
		t.Errorf("lines %q, want %q", got, want)
	}
	if got := cleanLines("12345\n12345\n12345\n", 10); got != "12345\n1234…" {
		t.Errorf("cut lines are %q", got)
	}
}

func TestASecondThatIsCutShortIsNotDrawn(t *testing.T) {
	a := &evidence.Arm{Length: evidence.Span{To: 2200 * time.Millisecond}}
	for s := range 3 {
		a.Windows = append(a.Windows, evidence.Window{Start: time.Duration(s) * time.Second})
	}
	if n := len(newJournal(a).groups); n != 2 {
		t.Errorf("%d seconds are drawn, want 2", n)
	}
}

func TestFaultsThatDidNotDoAsTheyShould(t *testing.T) {
	for want, f := range map[string]evidence.Fault{
		"":                    {Hits: 1, Ended: true},
		"hit nothing":         {Ended: true},
		"not seen to end":     {NoHits: true},
		"not injected: no go": {Err: "no go"},
	} {
		if got := faultFactsOf("on", &f).Trouble; got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
	if f := faultFactsOf("on", &evidence.Fault{NoHits: true, Ended: true}); f.Trouble != "" || f.Hits != nothing {
		t.Errorf("a kill: %+v", f)
	}
}

func TestAnInvariantThatMayBreakIsNotBlamed(t *testing.T) {
	off, on := arm("off"), arm("on")
	r := Report{Run: &evidence.Run{Arms: map[string]*evidence.Arm{"off": off, "on": on}}}
	for breaks, want := range map[string]string{"stock": "violated, as it may", "money": "violated"} {
		r.Checks.Breaks = []string{breaks}
		got := r.invariants()
		if len(got) != 1 || got[0].Off != want || got[0].On != "violated" || len(got[0].Violations) != 2*(maxViolations+1) {
			t.Errorf("with %s: %+v", breaks, got)
		}
	}
}

// arm is one whose stock is violated seven times.
func arm(name string) *evidence.Arm {
	return &evidence.Arm{Name: name, Books: []evidence.Invariant{{Name: "stock", Violations: make([]string, 7)}}}
}
