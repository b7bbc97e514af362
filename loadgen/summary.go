package loadgen

import (
	"maps"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

const (
	maxRoutes = 32
	maxCodes  = 32
	others    = "(other)"

	shortest  = int64(time.Microsecond)
	longest   = int64(60 * time.Second)
	precision = 3 // digits that a latency keeps
)

// A Summary folds samples: Add each, then Close. The zero value is an empty one. One
// goroutine may use it at a time.
type Summary struct {
	total    tally
	routes   map[string]*tally
	lateness lateness
}

// Add counts a sample.
func (s *Summary) Add(sample *evidence.Sample) {
	s.total.add(sample)
	s.route(sample.Route).add(sample)
	s.lateness.add(sample)
}

func (s *Summary) route(name string) *tally {
	if t := s.routes[name]; t != nil {
		return t
	}
	if len(s.routes) >= maxRoutes && name != others {
		return s.route(others)
	}
	if s.routes == nil {
		s.routes = map[string]*tally{}
	}
	s.routes[name] = new(tally)
	return s.routes[name]
}

// Close returns what the samples add up to, in a run whose schedule went on for a time.
func (s *Summary) Close(scheduled time.Duration) Report {
	report := Report{Seconds: scheduled.Seconds(), Total: s.total.row("total", scheduled), Routes: []Row{}}
	report.Schedule = s.lateness.schedule(report.Total)
	for _, name := range slices.Sorted(maps.Keys(s.routes)) {
		report.Routes = append(report.Routes, s.routes[name].row(name, scheduled))
	}
	return report
}

// A tally counts the samples of one route, or of all.
type tally struct {
	outcomes map[evidence.Outcome]int64
	again    int64 // attempts after the first
	codes    map[string]int64
	latency  *hdrhistogram.Histogram // ns; made with the first sample
}

func (t *tally) add(sample *evidence.Sample) {
	t.begin()
	t.outcomes[sample.Outcome]++
	if sample.Attempt > 1 {
		t.again++
	}
	t.addCodes(sample.Error, 1)
	if sample.Outcome != evidence.Unsent {
		_ = t.latency.RecordValue(clamp(sample.Latency)) // fails outside the bounds only
	}
}

func clamp(latency time.Duration) int64 { return min(max(int64(latency), shortest), longest) }

func (t *tally) addCodes(code string, n int64) {
	if code == "" {
		return
	}
	if _, known := t.codes[code]; !known && len(t.codes) >= maxCodes {
		code = others
	}
	if t.codes == nil {
		t.codes = map[string]int64{}
	}
	t.codes[code] += n
}

// row returns the figures of a tally.
func (t *tally) row(route string, scheduled time.Duration) Row {
	r := Row{
		Route:        route,
		Acknowledged: t.outcomes[evidence.Acknowledged],
		Refused:      t.outcomes[evidence.Refused],
		Unknown:      t.outcomes[evidence.Unknown],
		Unsent:       t.outcomes[evidence.Unsent],
		Codes:        maps.Clone(t.codes),
	}
	r.Sent = r.Acknowledged + r.Refused + r.Unknown
	r.Scheduled = r.Sent + r.Unsent - t.again
	if r.Scheduled > 0 {
		r.Errors = 1 - float64(r.Acknowledged)/float64(r.Scheduled)
	}
	if seconds := scheduled.Seconds(); seconds > 0 {
		r.Rate, r.Throughput = float64(r.Sent)/seconds, float64(r.Acknowledged)/seconds
	}
	if r.Sent > 0 {
		r.Latency, r.Histogram = quantiles(t.latency), encode(t.latency)
	}
	return r
}

func quantiles(h *hdrhistogram.Histogram) Latency {
	at := func(percentile float64) time.Duration { return time.Duration(h.ValueAtPercentile(percentile)) }
	return Latency{
		Mean: time.Duration(h.Mean()),
		P50:  at(50), P90: at(90), P99: at(99), P999: at(99.9),
		Max: time.Duration(h.Max()),
	}
}
