package report_test

import (
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/htmltest"
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

func TestAlertsAreMarkedOnTheChartsOfBothArms(t *testing.T) {
	r := madeUp()
	r.Checks.Alerts = &verdict.Alerts{
		Rules: []verdict.Alert{{Name: "BankSlow", Query: "slow", For: 1}, {Name: "Full", Query: "full"}, {Name: "Calm", Query: "calm"}},
		Must:  []verdict.Raise{{Alert: "BankSlow", Within: 6}},
		May:   []string{"Calm", "Full"},
	}
	between := func(from, to time.Duration) []evidence.Graph {
		var g evidence.Graph
		for at := from * time.Second; at <= to*time.Second; at += evidence.GraphStep {
			g.Points = append(g.Points, evidence.Point{At: at, Value: 2})
		}
		return []evidence.Graph{g}
	}
	off, on := r.Run.Arms[evidence.Off].Queries, r.Run.Arms[evidence.On].Queries
	if signs := htmltest.Parse(t, pageOf(t, r)).All("text", "sign"); len(signs) > 0 || strings.Contains(markdownOf(t, r), "When the alerts") {
		t.Errorf("a run in which no alert was asked for has the signs %q", htmltest.Texts(signs))
	}
	off["slow"], on["slow"], on["full"], off["calm"] = between(12, 14), nil, between(21, 22), nil
	page := htmltest.Parse(t, pageOf(t, r))
	for i, want := range []string{"43.33% a BankSlow fires, 13 s to 14.5 s", "70.00% b Full fires, 21 s to 22.5 s"} {
		plot := figure(t, page, "Goodput by route").All("div", "plot")[i]
		sign, line := plot.All("text", "sign"), plot.All("line", "moment")
		if len(sign) != 1 || len(line) != 1 || sign[0].Attribute("x")+" "+sign[0].Text()+" "+line[0].Text() != want {
			t.Errorf("plot %d has the signs %q of %q, want %q", i, htmltest.Texts(sign), htmltest.Texts(line), want)
		}
	}
	text := markdownOf(t, r)
	for _, want := range []string{"| BankSlow | 13 s to 14.5 s | – |", "| Full | – | 21 s to 22.5 s |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(page.Text()+text, "Calm") {
		t.Error("an alert that did not fire is told of")
	}
}
