package page

import (
	"fmt"
	"math"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/chart"
	"brownout/loadgen"
)

var columns = []string{"scheduled", "unsent", "acknowledged", "refused", "unknown", "errors", "sent a second", "done a second", "mean", "p50", "p90", "p99", "p99.9", "max"}

// cells are what the table has of a row.
func cells(r loadgen.Row) []string {
	var all []string
	for _, n := range []int64{r.Scheduled, r.Unsent, r.Acknowledged, r.Refused, r.Unknown} {
		all = append(all, fmt.Sprint(n))
	}
	all = append(all, percent(r.Errors), fmt.Sprintf("%.1f", r.Rate), fmt.Sprintf("%.1f", r.Throughput))
	for _, d := range []time.Duration{r.Latency.Mean, r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.P999, r.Latency.Max} {
		if r.Sent == 0 {
			all = append(all, chart.Nothing)
		} else {
			all = append(all, chart.Seconds.Format(d.Seconds()))
		}
	}
	return all
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// tiles are the figures that are asked for first, each with how it came about.
func (s *Sheet) tiles() []chart.Tile {
	t := s.Report.Total
	latency := func(d time.Duration) float64 {
		if t.Sent == 0 {
			return math.NaN()
		}
		return d.Seconds()
	}
	tiles := []chart.Tile{
		{Title: "Done a second", Value: t.Throughput, Unit: chart.PerSecond, Line: s.follow(rate(acknowledged))},
		{Title: "Errors", Text: percent(t.Errors), Line: s.follow(errorShare)},
		{Title: "Latency, p50", Value: latency(t.Latency.P50), Unit: chart.Seconds, Line: s.follow(latencyAt(.5))},
		{Title: "Latency, p99", Value: latency(t.Latency.P99), Unit: chart.Seconds, Line: s.follow(latencyAt(.99))},
	}
	if s.Timeline != nil {
		var late evidence.Histogram
		for i := range s.Timeline.Slots {
			late.Merge(s.Timeline.Slots[i].Lateness)
		}
		if late.Count() > 0 {
			tiles = append(tiles, chart.Tile{Title: "Sent late, p99", Value: late.Quantile(.99).Seconds(), Unit: chart.Seconds, Line: s.follow(latenessAt(.99))})
		}
	}
	for i := range tiles {
		tiles[i].To = s.length()
	}
	return tiles
}

// A measure makes a figure of a slot of time; it has none if nothing came.
type measure func(s *loadgen.Slot, width time.Duration) (value float64, ok bool)

func rate(of func(*loadgen.Slot) int64) measure {
	return func(s *loadgen.Slot, width time.Duration) (float64, bool) {
		return float64(of(s)) / width.Seconds(), width > 0
	}
}

func scheduled(s *loadgen.Slot) int64    { return s.Scheduled }
func acknowledged(s *loadgen.Slot) int64 { return s.Acknowledged }
func refused(s *loadgen.Slot) int64      { return s.Refused }
func unknown(s *loadgen.Slot) int64      { return s.Unknown }
func unsent(s *loadgen.Slot) int64       { return s.Unsent }

// errorShare is the share of what was due that was not acknowledged.
func errorShare(s *loadgen.Slot, _ time.Duration) (float64, bool) {
	return 1 - float64(s.Acknowledged)/float64(max(s.Scheduled, 1)), s.Scheduled > 0
}

func latencyAt(q float64) measure {
	return func(s *loadgen.Slot, _ time.Duration) (float64, bool) {
		return s.Latency.Quantile(q).Seconds(), s.Latency.Count() > 0
	}
}

func latenessAt(q float64) measure {
	return func(s *loadgen.Slot, _ time.Duration) (float64, bool) {
		return s.Lateness.Quantile(q).Seconds(), s.Lateness.Count() > 0
	}
}

// follow is a measure over time, each slot in its middle. A last slot of which the schedule had less than half is
// left out: it says little, and looks like much.
func (s *Sheet) follow(m measure) (points []chart.Point) {
	if s.Timeline == nil {
		return nil
	}
	width, end := s.Timeline.Width, s.length()
	for i := range s.Timeline.Slots {
		from := time.Duration(i) * width
		to := min(from+width, end)
		if to-from < width/2 && i > 0 {
			break
		}
		if v, ok := m(&s.Timeline.Slots[i], to-from); ok {
			points = append(points, chart.Point{At: (from + to) / 2, Value: v})
		}
	}
	return points
}

// length is how long requests came due.
func (s *Sheet) length() time.Duration { return time.Duration(s.Report.Seconds * float64(time.Second)) }

// figures are the charts over time.
func (s *Sheet) figures() []chart.Figure {
	if s.Timeline == nil || len(s.Timeline.Slots) == 0 {
		return nil
	}
	line := func(name string, m measure) chart.Line { return chart.Line{Name: name, Points: s.follow(m)} }
	charts := []chart.Chart{
		{Title: "Latency, from when a request was due", Unit: chart.Seconds, Log: true, Lines: []chart.Line{
			line("p50", latencyAt(.5)), line("p90", latencyAt(.9)), line("p99", latencyAt(.99)),
		}},
		{Title: "Requests", Unit: chart.PerSecond, Lines: []chart.Line{
			line("due", rate(scheduled)), line("acknowledged", rate(acknowledged)),
		}},
		{Title: "Errors", Unit: chart.PerSecond, Lines: []chart.Line{
			line("refused", rate(refused)), line("without an answer that says", rate(unknown)), line("not sent", rate(unsent)),
		}},
		{Title: "How late requests were sent", Unit: chart.Seconds, Log: true, Lines: []chart.Line{
			line("p50", latenessAt(.5)), line("p99", latenessAt(.99)), line("most", latenessAt(1)),
		}},
	}
	var figures []chart.Figure
	for i, c := range charts {
		c.To = s.length()
		figures = append(figures, chart.Figure{ID: fmt.Sprintf("chart-%d", i+1), Title: c.Title, Charts: []chart.Chart{c}})
	}
	return figures
}

// barsADecade are so many that neighbours differ by 12 %.
const barsADecade = 20

// histogram is how often latencies came; nil if a report does not say.
func histogram(total loadgen.Row) (*chart.Histogram, error) {
	latencies, err := total.Latencies()
	if latencies == nil || err != nil {
		return nil, err
	}
	counts := map[int]int64{}
	least, most := math.MaxInt, math.MinInt
	for _, b := range latencies.Distribution() {
		if b.Count == 0 {
			continue
		}
		i := barOf(float64(b.From+b.To) / 2)
		counts[i] += b.Count
		least, most = min(least, i), max(most, i)
	}
	h := &chart.Histogram{ID: "latencies", Title: "How often which latency came", Unit: chart.Seconds}
	for i := least; i <= most; i++ {
		h.Bars = append(h.Bars, chart.Bar{From: edgeOf(i), To: edgeOf(i + 1), Count: counts[i]})
	}
	l := total.Latency
	for _, m := range []struct {
		sign string
		at   time.Duration
	}{{"p50", l.P50}, {"p90", l.P90}, {"p99", l.P99}, {"p99.9", l.P999}} {
		h.Marks = append(h.Marks, chart.ValueMark{Value: m.at.Seconds(), Sign: m.sign, Label: m.sign + " is " + chart.Seconds.Format(m.at.Seconds())})
	}
	return h, nil
}

// barOf is the bar that a latency, in ns, belongs to; its edges are where barsADecade equal steps make ten times as much.
func barOf(ns float64) int { return int(math.Floor(barsADecade * math.Log10(ns/1e9))) }

// edgeOf is where a bar begins, in seconds.
func edgeOf(bar int) float64 { return math.Pow(10, float64(bar)/barsADecade) }
