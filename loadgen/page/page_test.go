package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/htmltest"
	"brownout/loadgen"
	"brownout/loadgen/page"
)

// madeUp is a load of ten seconds, of which the fourth was bad.
func madeUp(t testing.TB) page.Sheet {
	t.Helper()
	var summary loadgen.Summary
	timeline := new(loadgen.Timeline)
	for i := range 1000 {
		due := time.Time{}.Add(time.Duration(i) * 10 * time.Millisecond)
		sample := evidence.Sample{Route: []string{"browse", "checkout"}[i%2], Intended: due, Sent: due.Add(50 * time.Microsecond), Latency: 10 * time.Millisecond, Outcome: evidence.Acknowledged}
		switch {
		case i/100 == 3 && i%10 == 0:
			sample.Outcome, sample.Error = evidence.Unsent, "late"
		case i/100 == 3:
			sample.Outcome, sample.Error, sample.Latency = evidence.Refused, "overloaded", time.Second
		}
		summary.Add(&sample)
		timeline.Add(&sample)
	}
	s := page.Sheet{
		Target: "GET http://shop.test/", Began: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
		Report: summary.Close(10 * time.Second), Timeline: timeline, Version: "brownout 1.2",
		Settings: []page.Setting{{Name: "Rate", Value: "100 a second"}},
	}
	for _, text := range []string{"p50<80ms", "errors<1%"} {
		threshold, err := loadgen.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Judgements = append(s.Judgements, threshold.Judge(s.Report))
	}
	return s
}

func pageOf(t *testing.T, s page.Sheet) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageClosesWhatItOpens(t *testing.T) { htmltest.Closed(t, pageOf(t, madeUp(t))) }

func TestPageNeedsNothingFromOutside(t *testing.T) {
	for _, d := range htmltest.Parse(t, pageOf(t, madeUp(t))).All("", "") {
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

func TestPageShowsAllThereIs(t *testing.T) {
	p := htmltest.Parse(t, pageOf(t, madeUp(t)))
	want := []string{
		"Latency, from when a request was due logarithmic", "Requests a second", "Errors a second", "How late requests were sent", "How often which latency came logarithmic",
	}
	if got := htmltest.Texts(p.All("figcaption", "")); !slices.Equal(got, want) {
		t.Errorf("figures %q", got)
	}
	text := p.Text()
	for _, want := range []string{
		"GET http://shop.test/", "1 of 2 thresholds failed.", "✓ held p50<80ms 10ms", "✗ failed errors<1% 10.00%", "browse: 40 × overloaded", "checkout: 50 × overloaded", "browse: 10 × late",
		"Rate 100 a second", "Began 2026-01-02 15:04:05 UTC", "Version brownout 1.2", "total 1000 10 900 90 0 10.00 % 99.0 90.0",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in %s", want, text)
		}
	}
}

func TestPageSaysThatTheGeneratorFellBehind(t *testing.T) {
	s := madeUp(t)
	for _, behind := range []bool{false, true} {
		s.Report.Schedule.Behind = behind
		if said := strings.Contains(pageOf(t, s), "The generator fell behind its schedule"); said != behind {
			t.Errorf("behind is %t, and said to be %t", behind, said)
		}
	}
}

func TestPageSaysThatClientsHadNoSchedule(t *testing.T) {
	s := madeUp(t)
	s.Report.Clients, s.Report.Schedule = 8, nil
	if text := htmltest.Parse(t, pageOf(t, s)).Text(); !strings.Contains(text, "No schedule: 8 clients, each of which waited for its answer.") {
		t.Errorf("it says %s", text)
	}
}

// Each second stands in the middle of its time; the one that was bad is seen.
func TestCurvesFollowTheSeconds(t *testing.T) {
	figures := htmltest.Parse(t, pageOf(t, madeUp(t))).All("figure", "")
	refused := figures[2].All("path", "c0")[1].Attribute("d") // the first one is the legend's
	// 90 of a scale to 100, of 15 to 84 percent; before and after, nothing.
	if want := "M50 840h0L150 840L250 840L350 219L450 840L550 840L650 840L750 840L850 840L950 840"; refused != want {
		t.Errorf("%s, want %s", refused, want)
	}
}

func TestPageSaysFirstWhatMatters(t *testing.T) {
	for want, change := range map[string]func(*page.Sheet){
		"Incomplete: 1 of 3 agents were lost, and nothing of what they sent is here.": func(s *page.Sheet) {
			s.Report.Agents, s.Report.Lost = 3, []loadgen.Lost{{Agent: "agent 2", Share: loadgen.Stride{Index: 1, Of: 3}, Why: "signal: killed"}}
			s.Judgements[0] = s.Judgements[0].Threshold.Judge(s.Report)
		},
		"No request was acknowledged.": func(s *page.Sheet) {
			total := &s.Report.Total
			s.Judgements, total.Unknown, total.Acknowledged = nil, total.Acknowledged, 0
		},
		"Interrupted: the schedule was not followed to its end.": func(s *page.Sheet) { s.Judgements, s.Report.Interrupted = nil, true },
		"No threshold was set.":                                  func(s *page.Sheet) { s.Judgements = nil },
		"All thresholds held: 1.":                                func(s *page.Sheet) { s.Judgements = s.Judgements[:1] },
		"1 of 2 thresholds failed.":                              func(s *page.Sheet) { s.Report.Interrupted = true },
	} {
		s := madeUp(t)
		change(&s)
		result := htmltest.Parse(t, pageOf(t, s)).All("div", "result")[0]
		if got := result.All("p", "")[0].Text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		for _, text := range []string{"agent 2 was lost (signal: killed): share 2 of 3", "? unknown"} {
			if lost := len(s.Report.Lost) > 0; lost != strings.Contains(result.Text(), text) {
				t.Errorf("%s: %s", want, result.Text())
			}
		}
	}
}

func TestPageOfNextToNothing(t *testing.T) {
	short := madeUp(t)
	short.Report.Seconds = .01
	for name, s := range map[string]page.Sheet{
		"nothing":     {},
		"no timeline": {Report: madeUp(t).Report},
		"no samples":  {Timeline: new(loadgen.Timeline)},
		"short":       short,
	} {
		if p := htmltest.Parse(t, pageOf(t, s)); len(p.All("h1", "")) != 1 {
			t.Errorf("%s: no heading", name)
		}
	}
}

func TestHostileTextsAreTexts(t *testing.T) {
	const hostile = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(2)>` + "\x00\x1b[31m\u202e"
	s := madeUp(t)
	s.Target, s.Version, s.Settings = hostile, hostile, []page.Setting{{Name: hostile, Value: hostile}}
	s.Report.Routes[0].Route, s.Report.Routes[0].Codes = hostile, map[string]int64{hostile: 1}
	s.Report.Lost = []loadgen.Lost{{Agent: hostile, Why: hostile}}
	text := pageOf(t, s)
	p := htmltest.Parse(t, text)
	if n := len(p.All("script", "")) + len(p.All("img", "")); n > 0 {
		t.Errorf("%d elements that nobody made", n)
	}
	if strings.ContainsAny(text, "\x00\x1b\u202e") {
		t.Error("control characters are left")
	}
	if n := strings.Count(p.Text(), "<script>alert(1)</script>"); n < 8 {
		t.Errorf("the text is there %d times: something is not shown", n)
	}
}

func TestPageOfALongLoadIsSmall(t *testing.T) {
	s := madeUp(t)
	for i := range 100_000 {
		due := time.Time{}.Add(time.Duration(i) * time.Second)
		s.Timeline.Add(&evidence.Sample{Intended: due, Sent: due, Latency: time.Duration(i), Outcome: evidence.Acknowledged})
	}
	s.Report.Seconds = 100_000
	for i := range 32 {
		s.Report.Routes = append(s.Report.Routes, loadgen.Row{Route: fmt.Sprint("route ", i), Codes: map[string]int64{strings.Repeat("x", 1000): 1}})
	}
	if text := pageOf(t, s); len(text) > 300_000 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestABrokenHistogramIsAnError(t *testing.T) {
	s := madeUp(t)
	s.Report.Total.Histogram = "x"
	if err := s.HTML(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "a histogram that cannot be read") {
		t.Errorf("%v", err)
	}
	if err := madeUp(t).HTML(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }
