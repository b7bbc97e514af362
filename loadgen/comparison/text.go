package comparison

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

const limits = `Intervals are of 99 %, of requests that are taken as independent of each other. Two runs of the same thing may
differ by more than that: repeat both before you believe a small difference.
`

// WriteText writes the comparison for people.
func (c Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	for i, s := range []Side{c.First, c.Second} {
		fmt.Fprintf(&b, "%c  %s: %d requests due in %s, %.1f a second, %.1f done\n", 'A'+i, s.Name, s.Scheduled, time.Duration(s.Seconds*1e9).Round(time.Millisecond), s.Due, s.Done)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "!  %s\n", note)
	}
	b.WriteString("\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "route\t\tA\tB\tdifference\tfrom\tto\t  B is\t")
	for _, r := range c.Routes {
		for _, m := range r.Measures {
			fmt.Fprintln(table, strings.Join(append([]string{r.Route}, m.cells()...), "\t")+"\t")
		}
	}
	_ = table.Flush() // into memory
	b.WriteString("\n" + limits)
	_, err := io.WriteString(w, b.String())
	return err
}

// nothing stands where there is no figure.
const nothing = "-"

func (m Measure) cells() []string {
	low, high := nothing, nothing
	if m.Low != nil && m.High != nil {
		low, high = m.change(*m.Low), m.change(*m.High)
	}
	if m.LowShare != nil && m.HighShare != nil {
		low, high = percent(*m.LowShare), percent(*m.HighShare)
	}
	return []string{m.Name, m.figure(m.First), m.figure(m.Second), m.change(m.Difference), low, high, string(m.Verdict)}
}

// figure writes a latency, or a share.
func (m Measure) figure(v float64) string {
	if m.Name == errorsName {
		return fmt.Sprintf("%.2f%%", 100*v)
	}
	return rounded(v).String()
}

// change writes what is between two figures: in percent of the first, or between two shares in percentage points.
func (m Measure) change(v float64) string {
	switch {
	case m.Name == errorsName:
		return fmt.Sprintf("%+.2f pt", 100*v)
	case m.First == 0:
		return nothing
	}
	return percent(v / m.First)
}

func percent(share float64) string { return fmt.Sprintf("%+.1f%%", 100*share) }

// rounded is a latency with three digits or so.
func rounded(seconds float64) time.Duration {
	d, unit := time.Duration(seconds*1e9), time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
