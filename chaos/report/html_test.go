package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"brownout/chaos/evidence"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
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

// A tree is a parsed page.
type tree struct{ *html.Node }

func parse(t *testing.T, text string) tree {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return tree{root}
}

// all returns the elements of a name, of a class if one is given.
func (n tree) all(name, class string) (found []tree) {
	for d := range n.Descendants() {
		if e := (tree{d}); d.Type == html.ElementNode && (name == "" || d.Data == name) && (class == "" || slices.Contains(strings.Fields(e.attr("class")), class)) {
			found = append(found, e)
		}
	}
	return found
}

func (n tree) attr(name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (n tree) text() string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// texts are those of elements.
func texts(of []tree) (all []string) {
	for _, e := range of {
		all = append(all, strings.TrimSpace(e.text()))
	}
	return all
}

// figure is the chart of a title.
func (n tree) figure(t *testing.T, title string) tree {
	t.Helper()
	for _, f := range n.all("figure", "") {
		if captions := f.all("figcaption", ""); len(captions) == 1 && strings.HasPrefix(captions[0].text(), title) {
			return f
		}
	}
	t.Fatalf("there is no figure %q", title)
	return tree{}
}

func TestPageClosesWhatItOpens(t *testing.T) {
	void := []string{"meta", "br"}
	tokens := html.NewTokenizer(strings.NewReader(pageOf(t, madeUp())))
	var open []string
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("left open: %q", open)
			}
			return
		case html.StartTagToken:
			if name, _ := tokens.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> where %q are open", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func TestPageNeedsNothingFromOutside(t *testing.T) {
	for d := range parse(t, pageOf(t, madeUp())).Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
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
	banner := parse(t, pageOf(t, r)).all("div", "verdict")
	if len(banner) != 1 || !strings.Contains(banner[0].attr("class"), "FAIL") {
		t.Fatalf("banners: %q", texts(banner))
	}
	for _, want := range []string{"FAIL", "A promise was broken.", "on arm: too slow"} {
		if !strings.Contains(banner[0].text(), want) {
			t.Errorf("%q is not in %q", want, banner[0].text())
		}
	}
}

func TestBothArmsOfAChartHaveOneScaleAndTheirFaultsShaded(t *testing.T) {
	plots := parse(t, pageOf(t, madeUp())).figure(t, "Goodput by route").all("div", "plot")
	if len(plots) != 2 {
		t.Fatalf("%d plots", len(plots))
	}
	var scales [2][]string
	for i, p := range plots {
		for _, tick := range p.all("text", "tick") {
			scales[i] = append(scales[i], tick.attr("x")+" "+tick.attr("y")+" "+tick.text())
		}
	}
	if !slices.Equal(scales[0], scales[1]) || len(scales[0]) == 0 {
		t.Errorf("scales %q and %q", scales[0], scales[1])
	}
	for _, p := range plots {
		shades := p.all("rect", "fault")
		if len(shades) != 1 || shades[0].attr("x") != "33.33%" || shades[0].attr("width") != "33.33%" {
			t.Errorf("%d shades, the first from %s for %s", len(shades), shades[0].attr("x"), shades[0].attr("width"))
		}
		if want := "bank.slow on bank-a, 10 s to 20 s"; shades[0].text() != want {
			t.Errorf("shade %q", shades[0].text())
		}
	}
	// 100 % is at 15 % of the height, and 5 % near the bottom.
	for i, want := range []string{"L317 150L350 806", "L317 150L350 167"} {
		if path := plots[i].all("path", "c0")[0].attr("d"); !strings.Contains(path, want) {
			t.Errorf("path %s has no %s", path, want)
		}
	}
}

func TestEachChartHasItsFigures(t *testing.T) {
	page := parse(t, pageOf(t, madeUp()))
	for _, f := range page.all("figure", "") {
		if len(f.all("table", "")) != 1 {
			t.Errorf("%s: no table", f.all("figcaption", "")[0].text())
		}
	}
	for _, svg := range page.all("svg", "") {
		if svg.attr("aria-hidden") != "true" && (svg.attr("role") != "img" || svg.attr("aria-label") == "") {
			t.Errorf("an svg of class %q has no name", svg.attr("class"))
		}
	}
	row := page.figure(t, "Goodput by route").all("tr", "")[1]
	if got, want := texts(row.all("td", "")), []string{"100.0 %", "5.0 %", "100.0 %", "100.0 %", "97.5 %", "100.0 %"}; !slices.Equal(got, want) {
		t.Errorf("browse: %q, want %q", got, want)
	}
}

func TestPageNamesChartsWithoutPoints(t *testing.T) {
	if text := parse(t, pageOf(t, madeUp())).text(); !strings.Contains(text, "Without any value in this run: Never asked.") {
		t.Error("it does not")
	}
}

func TestWaterfallNestsStepsAndTellsWaitingFromWorking(t *testing.T) {
	falls := parse(t, pageOf(t, madeUp())).all("svg", "fall")
	if len(falls) != 1 {
		t.Fatalf("%d waterfalls", len(falls))
	}
	want := []string{
		"gateway · checkout · 1 s ✗", "gateway · wait mailbox · 400 ms", "gateway · call payments · 600 ms",
		"payments · wait pool · 300 ms", "payments · work pool · 100 ms", "payments · wait bank · 300 ms",
	}
	if got := texts(falls[0].all("text", "")); !slices.Equal(got, want) {
		t.Errorf("steps %q", got)
	}
	if n := []int{len(falls[0].all("rect", "wait")), len(falls[0].all("rect", "work")), len(falls[0].all("rect", "failed"))}; !slices.Equal(n, []int{3, 1, 1}) {
		t.Errorf("%v steps wait, work, failed", n)
	}
	// From 0 to 400 ms, and from 500 to 900 ms.
	if head := "1 s, of which 100 ms working, 800 ms waiting in queues"; !strings.Contains(falls[0].attr("aria-label"), head) {
		t.Errorf("it is called %q", falls[0].attr("aria-label"))
	}
}

func TestHostileTextsAreTexts(t *testing.T) {
	r := hostileReport()
	text := pageOf(t, r)
	page := parse(t, text)
	for _, name := range []string{"script", "img"} {
		if n := len(page.all(name, "")); n > 0 {
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
	if n := strings.Count(page.text(), "<script>alert(1)</script>"); n < 25 {
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
		if page := parse(t, pageOf(t, r)); len(page.all("h1", "")) != 1 {
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
	page := parse(t, pageOf(t, madeUp()))
	for _, row := range page.all("table", "checks")[1].all("tr", "")[1:] {
		if !strings.HasPrefix(row.all("th", "")[0].text(), "goodput stays") {
			continue
		}
		got := texts(row.all("td", ""))
		if want := []string{"✓ held", "52.5 %", "98.5 %", "≥ 90.0 % = 0.9*baseline/baseline", "100.0 %", "–"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		return
	}
	t.Error("the promise is not there")
}
