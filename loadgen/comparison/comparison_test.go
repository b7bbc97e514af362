package comparison_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
	"brownout/loadgen/comparison"
)

// reportOf is what came of requests that took from 1 ms to n ms, each times a factor, of which some failed.
func reportOf(n int, factor float64, failed int) loadgen.Report {
	var summary loadgen.Summary
	for i := range n {
		sample := evidence.Sample{Route: "browse", Outcome: evidence.Acknowledged, Latency: time.Duration(float64(i+1) * factor * float64(time.Millisecond))}
		if i < failed {
			sample.Outcome = evidence.Refused
		}
		summary.Add(&sample)
	}
	return summary.Close(10 * time.Second)
}

func compare(t *testing.T, first, second loadgen.Report) comparison.Comparison {
	t.Helper()
	c, err := comparison.Compare(comparison.Result{Name: "a.json", Report: first}, comparison.Result{Name: "b.json", Report: second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verdicts are those of a route, by the names of measures.
func verdicts(r comparison.Row) string {
	var all []string
	for _, m := range r.Measures {
		all = append(all, fmt.Sprintf("%s %s", m.Name, m.Verdict))
	}
	return strings.Join(all, ", ")
}

func TestDifferencesAreToldFromChance(t *testing.T) {
	const n = 1000
	usual := reportOf(n, 1, 0)
	for name, tt := range map[string]struct {
		second loadgen.Report
		want   string
	}{
		"the same":    {usual, "p50 cannot tell, p90 cannot tell, p99 cannot tell, p99.9 cannot tell, errors cannot tell"},
		"a bit":       {reportOf(n, 1.05, 2), "p50 cannot tell, p90 cannot tell, p99 worse, p99.9 cannot tell, errors cannot tell"},
		"slower":      {reportOf(n, 1.5, 0), "p50 worse, p90 worse, p99 worse, p99.9 cannot tell, errors cannot tell"},
		"faster":      {reportOf(n, .5, 0), "p50 better, p90 better, p99 better, p99.9 cannot tell, errors cannot tell"},
		"more errors": {reportOf(n, 1, 50), "p50 cannot tell, p90 cannot tell, p99 cannot tell, p99.9 cannot tell, errors worse"},
		"too few":     {reportOf(5, 1, 0), "p50 cannot tell, p90 cannot tell, p99 cannot tell, p99.9 cannot tell, errors cannot tell"},
		"none sent":   {loadgen.Report{Routes: []loadgen.Row{{Route: "browse"}}}, "errors cannot tell"},
	} {
		c := compare(t, usual, tt.second)
		if got := verdicts(c.Routes[0]); got != tt.want {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
	}
}

func TestWhatMakesThemHardToCompareIsSaid(t *testing.T) {
	first, second := reportOf(1000, 1, 0), reportOf(2000, 1, 0)
	first.Interrupted = true
	first.Routes = append(first.Routes, loadgen.Row{Route: "login"})
	second.Lost = []loadgen.Lost{{Agent: "agent 2", Share: loadgen.Stride{Index: 1, Of: 2}, Why: "signal: killed"}}
	second.Agents, second.Seconds = 2, 30
	second.Total.Unsent, second.Total.Histogram, second.Routes[0].Histogram = 3, "", ""
	c := compare(t, first, second)
	want := []string{
		"a.json was interrupted", "b.json: agent 2 was lost (signal: killed): share 2 of 2 of the schedule is not in the result",
		"b.json: 3 requests were not sent, and have no latency", "b.json has no histograms: its quantiles are without intervals",
		"the loads were not alike: 100.0 requests a second were due, and 66.7",
		"the loads were not alike: one took 10 s, and one 30 s, so what is slow at first has another part in each",
		"the loads were not sent alike: number of processes 1, and 2", `only a.json has the route "login"`,
	}
	if !slices.Equal(c.Notes, want) {
		t.Errorf("%q\nwant %q", c.Notes, want)
	}
	if m := c.Routes[0].Measures[0]; m.Verdict != comparison.Unsure || m.Low != nil || m.Difference == 0 {
		t.Errorf("without a histogram: %+v", m)
	}
}

// Of few requests little is known, but no latency falls by more than all of it.
func TestSharesAreOfTheIntervals(t *testing.T) {
	checked := 0
	for _, m := range compare(t, reportOf(300, 1, 0), reportOf(300, .05, 0)).Routes[0].Measures {
		if m.Low == nil || m.Name == "errors" {
			continue
		}
		checked++
		if m.LowShare == nil || *m.LowShare <= -1 || *m.LowShare > *m.HighShare || (*m.LowShare > 0) != (*m.Low > 0) || (*m.HighShare < 0) != (*m.High < 0) {
			t.Errorf("%+v", m)
		}
		if below := *m.Low < -m.First; m.Name == "p50" && !below {
			t.Errorf("%s: the difference is not uncertain enough for this test: from %v to %v of %v", m.Name, *m.Low, *m.High, m.First)
		}
	}
	if checked == 0 {
		t.Error("no measure has an interval")
	}
}

func TestOneRouteNeedsNoTotal(t *testing.T) {
	one := reportOf(100, 1, 0)
	if c := compare(t, one, one); len(c.Routes) != 1 {
		t.Errorf("%d rows", len(c.Routes))
	}
	two := one
	two.Routes = append([]loadgen.Row{{Route: "a"}}, one.Routes...)
	if c := compare(t, two, one); len(c.Routes) != 2 || c.Routes[1].Route != "total" {
		t.Errorf("%+v", c.Routes)
	}
}

func TestAReportThatIsBrokenIsNamed(t *testing.T) {
	broken := reportOf(10, 1, 0)
	broken.Routes[0].Histogram = "x"
	_, err := comparison.Compare(comparison.Result{Name: "a.json", Report: reportOf(10, 1, 0)}, comparison.Result{Name: "b.json", Report: broken})
	if err == nil || !strings.HasPrefix(err.Error(), `b.json: route "browse" has a histogram that cannot be read: `) {
		t.Errorf("%v", err)
	}
}

// Counts that do not add up are refused, and those that do make sense as JSON, whatever they are.
func TestCountsOfAReportByHand(t *testing.T) {
	usual := reportOf(10, 1, 0)
	odd := loadgen.Row{Route: "browse", Scheduled: 1, Sent: 5, Acknowledged: 5} // five times acknowledged
	if err := compare(t, usual, loadgen.Report{Total: odd, Routes: []loadgen.Row{odd}}).WriteJSON(new(strings.Builder)); err != nil {
		t.Error(err)
	}
	odd.Refused = 1
	_, err := comparison.Compare(comparison.Result{Name: "a.json", Report: usual}, comparison.Result{Name: "b.json", Report: loadgen.Report{Routes: []loadgen.Row{odd}}})
	if err == nil || err.Error() != `b.json: route "browse": its counts do not add up` {
		t.Errorf("%v", err)
	}
}

func TestTheTextIsForPeople(t *testing.T) {
	var b strings.Builder
	if err := compare(t, reportOf(1000, 1, 0), reportOf(1000, 1.5, 10)).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A  a.json: 1000 requests due in 10s, 100.0 a second, 100.0 done\n", "B  b.json: 1000 requests due in 10s, 100.0 a second, 99.0 done\n",
		"500ms  750ms", "+50.0%", "worse", "errors  0.00%  1.00%    +1.00 pt", "cannot tell", "independent of each other",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const line = `{"seq":%d,"route":"a","outcome":"acknowledged","intended":"2026-01-02T15:04:%02dZ","latency_ns":1000000}` + "\n"

func TestResultsAreReports(t *testing.T) {
	var b strings.Builder
	want := reportOf(20, 1, 1)
	if err := want.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	one, err := json.Marshal(want) // as other programs may write it again
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(one, &members); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{b.String(), string(one), string(sorted)} {
		got, err := comparison.Read(file(t, "r.json", text))
		if err != nil || got.Report.Total.Scheduled != 20 || got.Report.Total.Histogram != want.Total.Histogram {
			t.Errorf("%v, %+v", err, got)
		}
	}
}

func TestResultsAreJournals(t *testing.T) {
	whole := fmt.Sprintf(line+line, 0, 1, 1, 5)
	for name, text := range map[string]string{
		"whole": whole, "head": `{"epoch":"0001","epoch_id":"X"}` + "\n" + whole, "torn": whole + line[:30],
	} {
		got, err := comparison.Read(file(t, "j.jsonl", text))
		if r := got.Report; err != nil || r.Total.Scheduled != 2 || r.Seconds != 4 || r.Routes[0].Route != "a" {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestWhatIsNoResultIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                        ": a journal without any request",
		"hello\n":                 ":1: not JSON",
		`{"seconds":1}`:           ": no report of a load: it has no total, or no routes",
		`{"seconds":"x"}`:         ": no report of a load: json: ",
		`{"seconds":1,"total":[]`: ": no report of a load: ",
	} {
		path := file(t, "x", text)
		if _, err := comparison.Read(path); err == nil || !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := comparison.Read(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("what is not there was read")
	}
}
