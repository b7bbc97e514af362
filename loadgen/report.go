package loadgen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is what came of a run.
type Report struct {
	Seconds float64 `json:"seconds"` // in which requests came due
	Total   Row     `json:"total"`
	Routes  []Row   `json:"routes"` // by name
	// Schedule says how well it was followed; nil if nothing was sent by one.
	Schedule *Schedule `json:"schedule,omitempty"`
	// Clients is how many clients there were that each waited for an answer before they asked again, so that what a
	// slow answer held up was not sent, and is in no latency; 0 if requests were due by a schedule.
	Clients int `json:"clients,omitempty"`
	// Interrupted says that the schedule was not followed to its end.
	Interrupted bool `json:"interrupted,omitempty"`
	// Agents are how many generators had a share of the schedule, if there were several, and Lost
	// are those of them of which nothing is in the report.
	Agents int    `json:"agents,omitempty"`
	Lost   []Lost `json:"lost,omitempty"`
}

// A Row is what came of the requests of a route, or of all.
type Row struct {
	Route        string `json:"route"`
	Scheduled    int64  `json:"scheduled"` // that came due: Sent + Unsent, without further attempts
	Sent         int64  `json:"sent"`      // Acknowledged + Refused + Unknown
	Unsent       int64  `json:"unsent"`
	Acknowledged int64  `json:"acknowledged"`
	Refused      int64  `json:"refused"`
	Unknown      int64  `json:"unknown"`

	Errors     float64 `json:"errors"`     // the share of Scheduled that was not acknowledged, from 0 to 1
	Rate       float64 `json:"rate"`       // sent, a second
	Throughput float64 `json:"throughput"` // acknowledged, a second

	Latency Latency          `json:"latency"`         // of all that were sent, also of those without an answer
	Codes   map[string]int64 `json:"codes,omitempty"` // how often each error came
	// Histogram has the latencies themselves, to 3 digits, in HdrHistogram's V2 compressed
	// encoding, in base64.
	Histogram string `json:"histogram,omitempty"`
}

// A Latency says how long requests took, from when they were due, to 3 digits. What took
// over a minute counts as a minute.
type Latency struct {
	Mean time.Duration `json:"mean_ns"`
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p99_9_ns"`
	Max  time.Duration `json:"max_ns"`
}

// WriteJSON writes the report as an object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText writes the report as tables, for people.
func (r Report) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, strings.Join(columns, "\t")+"\t")
	for _, row := range r.rows() {
		fmt.Fprintln(table, strings.Join(row.cells(), "\t")+"\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, line := range slices.Concat(r.CodeLines(), r.courseLines(), r.lostLines()) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// rows returns the routes, and the total if it says more than they do.
func (r Report) rows() []Row {
	if len(r.Routes) == 1 {
		return r.Routes
	}
	return append(slices.Clone(r.Routes), r.Total)
}

var columns = []string{
	"route", "scheduled", "unsent", "acknowledged", "refused", "unknown", "errors", "rate/s", "done/s", "p50", "p90", "p99", "p99.9", "max",
}

func (r Row) cells() []string {
	cells := []string{r.Route}
	for _, n := range []int64{r.Scheduled, r.Unsent, r.Acknowledged, r.Refused, r.Unknown} {
		cells = append(cells, fmt.Sprint(n))
	}
	cells = append(cells, percent(r.Errors), fmt.Sprintf("%.1f", r.Rate), fmt.Sprintf("%.1f", r.Throughput))
	for _, d := range []time.Duration{r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.P999, r.Latency.Max} {
		cells = append(cells, short(d))
	}
	return cells
}

func percent(share float64) string { return fmt.Sprintf("%.2f%%", 100*share) }

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// CodeLines says how often each error came, the most frequent first.
func (r Report) CodeLines() []string {
	var lines []string
	for _, row := range r.Routes {
		codes := slices.SortedFunc(maps.Keys(row.Codes), func(a, b string) int {
			return cmp.Or(cmp.Compare(row.Codes[b], row.Codes[a]), cmp.Compare(a, b))
		})
		for _, code := range codes {
			lines = append(lines, fmt.Sprintf("%s: %d × %s", row.Route, row.Codes[code], code))
		}
	}
	return lines
}

// courseLines say how the load was sent.
func (r Report) courseLines() []string {
	switch {
	case r.Clients > 0:
		return []string{fmt.Sprintf("no schedule: %d clients, each of which waited for its answer; what that held up is in no latency", r.Clients)}
	case r.Schedule != nil:
		return []string{r.Schedule.String()}
	}
	return nil
}
