package report_test

import (
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

func TestAlertsAreShownWithWhenTheyFired(t *testing.T) {
	r := madeUp()
	r.Checks.Alerts = &verdict.Alerts{
		Rules: []verdict.Alert{{Name: "BankSlow", Query: "slow > 1", Cause: true}, {Name: "LoopLate", Query: "late > 1", Cause: true}},
		Must:  []verdict.Raise{{Alert: "BankSlow", Within: 6}},
	}
	at := func(s int) []evidence.Graph {
		return []evidence.Graph{{Points: []evidence.Point{{At: time.Duration(s) * time.Second, Value: 2}}}}
	}
	r.Run.Arms[evidence.Off].Queries["slow > 1"] = at(14)
	r.Run.Arms[evidence.Off].Queries["late > 1"] = at(15)
	r.Verdict = verdict.Judge(r.Checks, r.Run)
	text := strings.Join(strings.Fields(markdownOf(t, r)), " ")
	for _, want := range []string{
		"The alerts: what those who watch the off arm must be told", "until it fires: slow &gt; 1 | held | 4 s |", "≤ 6 s",
		"until it fires: late &gt; 1 | NOT HELD | 5 s |", "none, for it is not of this drill",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if page := pageOf(t, r); !strings.Contains(page, "LoopLate") {
		t.Error("the page does not name the alert that is not the drill's")
	}
}
