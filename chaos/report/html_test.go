package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"brownout/chaos/evidence"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
	"brownout/internal/htmltest"
)

// hostile is what nobody should have for a name.
const hostile = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(2)>` + "\x00\x1b[31m\u202e|`${x}"

func pageOf(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// figure is the chart of a title.
func figure(t *testing.T, page htmltest.Node, title string) htmltest.Node {
	t.Helper()
	for _, f := range page.All("figure", "") {
		if captions := f.All("figcaption", ""); len(captions) == 1 && strings.HasPrefix(captions[0].Text(), title) {
			return f
		}
	}
	t.Fatalf("there is no figure %q", title)
	return htmltest.Node{}
}

func TestPageClosesWhatItOpens(t *testing.T) { htmltest.Closed(t, pageOf(t, madeUp())) }

func TestPageNeedsNothingFromOutside(t *testing.T) {
	for _, d := range htmltest.Parse(t, pageOf(t, madeUp())).All("", "") {
		if slices.Contains([]string{"script", "link", "img", "iframe", "object", "image", "use"}, d.Data) {
			t.Errorf("there is a <%s>", d.Data)
		}
		for _, a := range d.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("<%s %s=%q>", d.Data, a.Key, a.Val)
			}
		}
	}
}

func TestPageSaysTheVerdictAndWhy(t *testing.T) {
	r := madeUp()
	r.Verdict.Result, r.Verdict.Reasons = verdict.Fail, []string{"on arm: too slow"}
	banner := htmltest.Parse(t, pageOf(t, r)).All("div", "verdict")
	if len(banner) != 1 || !strings.Contains(banner[0].Attribute("class"), "FAIL") {
		t.Fatalf("banners: %q", htmltest.Texts(banner))
	}
	for _, want := range []string{"FAIL", "A promise was broken.", "on arm: too slow"} {
		if !strings.Contains(banner[0].Text(), want) {
			t.Errorf("%q is not in %q", want, banner[0].Text())
		}
	}
}

func TestBothArmsOfAChartHaveOneScaleAndTheirFaultsShaded(t *testing.T) {
	plots := figure(t, htmltest.Parse(t, pageOf(t, madeUp())), "Goodput by route").All("div", "plot")
	if len(plots) != 2 {
		t.Fatalf("%d plots", len(plots))
	}
	var scales [2][]string
	for i, p := range plots {
		for _, tick := range p.All("text", "tick") {
			scales[i] = append(scales[i], tick.Attribute("x")+" "+tick.Attribute("y")+" "+tick.Text())
		}
	}
	if !slices.Equal(scales[0], scales[1]) || len(scales[0]) == 0 {
		t.Errorf("scales %q and %q", scales[0], scales[1])
	}
	for _, p := range plots {
		shades := p.All("rect", "fault")
		if len(shades) != 1 || shades[0].Attribute("x") != "33.33%" || shades[0].Attribute("width") != "33.33%" {
			t.Errorf("%d shades, the first from %s for %s", len(shades), shades[0].Attribute("x"), shades[0].Attribute("width"))
		}
		if want := "bank.slow on bank-a, 10 s to 20 s"; shades[0].Text() != want {
			t.Errorf("shade %q", shades[0].Text())
		}
	}
	// 100 % is at 15 % of the height, and 5 % near the bottom.
	for i, want := range []string{"L317 150L350 806", "L317 150L350 167"} {
		if path := plots[i].All("path", "c0")[0].Attribute("d"); !strings.Contains(path, want) {
			t.Errorf("path %s has no %s", path, want)
		}
	}
}

func TestEachChartHasItsFigures(t *testing.T) {
	page := htmltest.Parse(t, pageOf(t, madeUp()))
	for _, f := range page.All("figure", "") {
		if len(f.All("table", "")) != 1 {
			t.Errorf("%s: no table", f.All("figcaption", "")[0].Text())
		}
	}
	for _, svg := range page.All("svg", "") {
		if svg.Attribute("aria-hidden") != "true" && (svg.Attribute("role") != "img" || svg.Attribute("aria-label") == "") {
			t.Errorf("an svg of class %q has no name", svg.Attribute("class"))
		}
	}
	row := figure(t, page, "Goodput by route").All("tr", "")[1]
	if got, want := htmltest.Texts(row.All("td", "")), []string{"100.0 %", "5.0 %", "100.0 %", "100.0 %", "97.5 %", "100.0 %"}; !slices.Equal(got, want) {
		t.Errorf("browse: %q, want %q", got, want)
	}
}

func TestPageNamesChartsWithoutPoints(t *testing.T) {
	if text := htmltest.Parse(t, pageOf(t, madeUp())).Text(); !strings.Contains(text, "Without any value in this run: Never asked.") {
		t.Error("it does not")
	}
}

func TestWaterfallNestsStepsAndTellsWaitingFromWorking(t *testing.T) {
	falls := htmltest.Parse(t, pageOf(t, madeUp())).All("svg", "fall")
	if len(falls) != 1 {
		t.Fatalf("%d waterfalls", len(falls))
	}
	want := []string{
		"gateway · checkout · 1 s ✗", "gateway · wait mailbox · 400 ms", "gateway · call payments · 600 ms",
		"payments · wait pool · 300 ms", "payments · work pool · 100 ms", "payments · wait bank · 300 ms",
	}
	if got := htmltest.Texts(falls[0].All("text", "")); !slices.Equal(got, want) {
		t.Errorf("steps %q", got)
	}
	if n := []int{len(falls[0].All("rect", "wait")), len(falls[0].All("rect", "work")), len(falls[0].All("rect", "failed"))}; !slices.Equal(n, []int{3, 1, 1}) {
		t.Errorf("%v steps wait, work, failed", n)
	}
	// From 0 to 400 ms, and from 500 to 900 ms.
	if head := "1 s, of which 100 ms working, 800 ms waiting in queues"; !strings.Contains(falls[0].Attribute("aria-label"), head) {
		t.Errorf("it is called %q", falls[0].Attribute("aria-label"))
	}
}

func TestHostileTextsAreTexts(t *testing.T) {
	r := hostileReport()
	text := pageOf(t, r)
	page := htmltest.Parse(t, text)
	for _, name := range []string{"script", "img"} {
		if n := len(page.All(name, "")); n > 0 {
			t.Errorf("%d <%s>", n, name)
		}
	}
	for d := range page.Descendants() {
		for _, a := range d.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s>", d.Data, a.Key)
			}
		}
	}
	if strings.ContainsAny(text, "\x00\x1b\u202e") {
		t.Error("control characters are left")
	}
	if n := strings.Count(page.Text(), "<script>alert(1)</script>"); n < 25 {
		t.Errorf("the text is there %d times: something is not shown", n)
	}
}

// hostileReport has hostile texts wherever there is one.
func hostileReport() report.Report {
	r := madeUp()
	r.Title, r.Story, r.Learn, r.Shown, r.Runbook, r.Command = hostile, []string{hostile}, []string{hostile}, []string{hostile}, hostile, hostile
	r.Run.Drill, r.Run.Pace, r.Run.Versions, r.Run.Calibration.Of = hostile, hostile, map[string]string{hostile: hostile}, hostile
	r.Panels = []report.Panel{{Title: hostile, Unit: hostile, Query: "memory", By: hostile}, {Title: hostile}}
	r.Verdict.Result, r.Verdict.Reasons = verdict.Result(hostile), []string{hostile}
	for i := range r.Verdict.Promises {
		f := &r.Verdict.Promises[i]
		f.Check.Name, f.Check.Query, f.Check.During, f.Check.AtMost, f.Unmeasured = hostile, hostile, hostile, hostile, hostile
	}
	for _, a := range r.Run.Arms {
		a.Disabled, a.Failed, a.Before, a.After = []string{hostile}, hostile, hostile, hostile
		a.Faults[0].Kind, a.Faults[0].On, a.Faults[0].Err, a.Faults[0].Params = hostile, hostile, hostile, map[string]string{hostile: hostile}
		a.Books = []evidence.Invariant{{Name: hostile, Text: hostile, Violations: []string{hostile}}, {Name: "n", Holds: true, NotChecked: hostile}}
		a.Turns = []evidence.LongTurn{{Service: hostile, Name: hostile, Phase: hostile, Stack: hostile + "\n```\n" + hostile}}
		a.Traces = []evidence.Trace{{ID: hostile, Spans: []evidence.Step{{ID: "x", Parent: "x", Service: hostile, Name: hostile, Events: []string{hostile}, Error: hostile}}}}
		a.Queries["memory"][0].Labels = map[string]string{hostile: hostile}
		a.Windows[12].Routes[hostile] = &evidence.Tally{Scheduled: 1, Attempts: 1}
	}
	return r
}

func TestPageOfTooMuchIsSmall(t *testing.T) {
	const most = 3 << 20
	text := pageOf(t, huge())
	if len(text) > most {
		t.Errorf("%d bytes, want at most %d", len(text), most)
	}
	for _, want := range []string{"4960 more", "9874 more faults", "and 22 lower lines"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said", want)
		}
	}
}

func TestPageOfNextToNothing(t *testing.T) {
	for name, r := range map[string]report.Report{
		"no arm":    {Run: &evidence.Run{}},
		"empty arm": {Run: &evidence.Run{Arms: map[string]*evidence.Arm{evidence.On: {Name: evidence.On}}}},
		"one arm":   oneArm(),
		"no spans":  {Run: &evidence.Run{Arms: map[string]*evidence.Arm{evidence.On: {Name: evidence.On, Traces: []evidence.Trace{{}}}}}},
	} {
		if page := htmltest.Parse(t, pageOf(t, r)); len(page.All("h1", "")) != 1 {
			t.Errorf("%s: no heading", name)
		}
	}
}

func oneArm() report.Report {
	r := madeUp()
	delete(r.Run.Arms, evidence.Off)
	r.Verdict = verdict.Judge(r.Checks, r.Run)
	return r
}

func TestAPromiseIsShownBesideWhatTheOffArmDid(t *testing.T) {
	page := htmltest.Parse(t, pageOf(t, madeUp()))
	for _, row := range page.All("table", "checks")[1].All("tr", "")[1:] {
		if !strings.HasPrefix(row.All("th", "")[0].Text(), "goodput stays") {
			continue
		}
		got := htmltest.Texts(row.All("td", ""))
		if want := []string{"✓ held", "52.5 %", "98.5 %", "≥ 90.0 % = 0.9*baseline/baseline", "100.0 %", "–"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		return
	}
	t.Error("the promise is not there")
}
