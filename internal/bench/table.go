package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// module is what packages' paths begin with.
const module = "brownout/"

// title names a benchmark for people.
func title(pkg, name string) string {
	return strings.TrimSpace(strings.TrimPrefix(pkg, module) + " " + name)
}

func (s *series) title() string { return title(s.pkg, s.name) }

// WriteText writes all findings as a table, and below it what it comes to.
func (c *Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	c.header(&b)
	if len(c.Findings) > 0 {
		c.table(&b)
	}
	c.footer(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Comparison) table(b *strings.Builder) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tmeasure\told\tnew\tchange\tbetween\tsees\tverdict")
	for i := range c.Findings {
		f := &c.Findings[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", title(f.Package, f.Benchmark), f.Measure,
			quantity(f.Old, f.Unit), quantity(f.New, f.Unit), percent(f.Change), f.between(), f.sees(), f.verdict())
	}
	_ = table.Flush() // into memory
	b.WriteString("\nchange is that of the typical pair, and surely between the two figures, for all measures that decide; sees is the smallest that would have been called a regression.\n")
}

func (c *Comparison) header(b *strings.Builder) {
	how := "not measured side by side: only what is beyond 20 % counts"
	if c.Interleaved {
		how = "interleaved, seed " + cmp.Or(c.is.config[keySeed], "unknown")
	}
	fmt.Fprintf(b, "old %s, new %s; %s\n", cmp.Or(c.was.config[keyCommit], c.was.path), cmp.Or(c.is.config[keyCommit], c.is.path), how)
	if a, z := c.was.config[keyGo], c.is.config[keyGo]; a != z && a != "" && z != "" {
		fmt.Fprintf(b, "old built with %s, new with %s\n", a, z)
	}
	b.WriteByte('\n')
}

// footer says what decides.
func (c *Comparison) footer(b *strings.Builder) {
	if len(c.Alone) > 0 {
		fmt.Fprintf(b, "Not compared, for only one of the files has it: %s.\n", strings.Join(c.Alone, ", "))
	}
	var regressions, unsure, short []string
	for i := range c.Findings {
		switch f := &c.Findings[i]; {
		case f.Gates && f.Regression:
			regressions = append(regressions, f.sentence())
		case f.Gates && f.Unsure:
			unsure = append(unsure, f.sentence())
		}
	}
	for i := range c.Short {
		if s := &c.Short[i]; s.Regression() {
			regressions = append(regressions, s.String())
		} else {
			short = append(short, s.String())
		}
	}
	section(b, "REGRESSION:", regressions)
	section(b, "Cannot tell; a longer run sees more:", unsure)
	section(b, "Without figures:", short)
	if c.Outcome() == NoRegression {
		b.WriteString("No regression beyond the thresholds.\n")
	}
}

// section writes lines below a heading, if there are any.
func section(b *strings.Builder, heading string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "%s\n  %s\n", heading, strings.Join(lines, "\n  "))
	}
}

// sentence says what is, or may be, a regression.
func (f *Finding) sentence() string {
	switch {
	case f.Exact:
		return fmt.Sprintf("%s: %s instead of %s", f.name(), quantity(f.New, f.Unit), quantity(f.Old, f.Unit))
	case f.Regression:
		return fmt.Sprintf("%s: %s, surely worse by more than %s", f.name(), percent(f.Change), share(f.Threshold))
	}
	return fmt.Sprintf("%s: %s, perhaps worse by more than %s", f.name(), percent(f.Change), share(f.Threshold))
}

func (f *Finding) between() string {
	switch {
	case f.Exact:
		return ""
	case math.IsInf(f.High, 1):
		return "anything"
	}
	return percent(f.Low) + " … " + percent(f.High)
}

func (f *Finding) sees() string {
	switch {
	case f.Exact:
		return ""
	case math.IsInf(f.Sees, 1):
		return "nothing"
	}
	return share(f.Sees)
}

func (f *Finding) verdict() string {
	if f.Regression && !f.Exact {
		return fmt.Sprintf("%s, by more than %s", f.Verdict, share(f.Threshold))
	}
	return string(f.Verdict)
}

// percent writes a change with its sign.
func percent(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return "?"
	}
	return fmt.Sprintf("%+.1f %%", 100*v)
}

// share writes a share as percent, without digits that say nothing.
func share(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }

// quantity writes a value of a tidied unit.
func quantity(v float64, unit string) string {
	switch {
	case unit == "sec" || strings.HasPrefix(unit, "sec/") || strings.Contains(unit, "-sec"):
		return seconds(v)
	case unit == "B" || strings.HasPrefix(unit, "B/"):
		return fmt.Sprintf("%.6g B", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// seconds writes a time that may be a nanosecond as well as a minute.
func seconds(v float64) string {
	for _, scale := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if math.Abs(v) >= scale.size {
			return fmt.Sprintf("%.3g %s", v/scale.size, scale.name)
		}
	}
	return fmt.Sprintf("%.3g ns", v*1e9)
}
