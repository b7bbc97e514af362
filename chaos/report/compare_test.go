package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"brownout/chaos/evidence"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
)

// worse is a run of another version and seed, whose on arm is nearly as bad as the off arm, and
// has no check of queues.
func worse() report.Report {
	r := madeUp()
	r.Run.Seed, r.Run.Versions["brownout"] = 8, "v2"
	on := arm(evidence.On, 50)
	on.Disabled = []string{"codel"}
	r.Run.Arms[evidence.On] = on
	r.Checks.Promises = r.Checks.Promises[:4]
	r.Verdict = verdict.Judge(r.Checks, r.Run)
	r.Verdict.Reasons = []string{"on arm: not as good", "on arm: too slow"}
	return r
}

const compared = `          runs/a               runs/b
drill     made-up              made-up
verdict   PASS                 FAIL
began     2026-01-02 03:04:05  2026-01-02 03:04:05
capacity  81 a second          81 a second

check               first      second    difference
off: goodput falls  ✓ 5.0 %    ✓ 5.0 %   +0.0 points
on: goodput stays   ✓ 98.5 %   ✗ 75.0 %  -23.5 points
on: quick           ✓ 20.2 ms  ✗ 498 ms  +478 ms (× 24.7)
on: recovery        ✓ 0 s      ✓ 0 s     +0 s
on: amplification   ✓ 1.00 ×   ✓ 1.00 ×  +0.00 × (× 1)
on: short queues    ✓ 12       –         –

The runs differ in:
  seed: 7, 8
  on arm: with all protections, without codel
  version of brownout: v1, v2

Second, FAIL:
  on arm: not as good
  on arm: too slow
`

func TestComparisonAsText(t *testing.T) {
	var b bytes.Buffer
	if err := report.Compare([2]string{"runs/a", "runs/b"}, [2]report.Report{madeUp(), worse()}).Text(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != compared {
		t.Errorf("got:\n%s", b.String())
	}
}

func TestComparisonAsJSON(t *testing.T) {
	var b bytes.Buffer
	if err := report.Compare([2]string{"a", "b"}, [2]report.Report{worse(), madeUp()}).JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got report.Comparison
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Runs[0].Result != verdict.Fail || got.Runs[1].Versions["brownout"] != "v1" || len(got.Findings) != 6 {
		t.Errorf("got %+v", got.Runs)
	}
	last := got.Findings[5]
	if last.Name != "short queues" || last.Findings[0] != nil || last.Findings[1] == nil || last.Difference != nil {
		t.Errorf("what only the second has: %+v", last)
	}
}

func TestNoRecoveryIsNoFigureToSubtract(t *testing.T) {
	never, soon := madeUp(), madeUp()
	never.Verdict.Promises = []verdict.Finding{{Check: verdict.Check{Name: "recovery", Measure: verdict.Recovery}, Measured: -1}}
	soon.Verdict.Promises = []verdict.Finding{{Check: verdict.Check{Name: "recovery", Measure: verdict.Recovery}, Measured: 2}}
	for _, p := range report.Compare([2]string{"a", "b"}, [2]report.Report{never, soon}).Findings {
		if p.Name == "recovery" && p.Difference != nil {
			t.Errorf("the difference is %v", *p.Difference)
		}
	}
}
