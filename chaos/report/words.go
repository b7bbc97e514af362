package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"brownout/chaos/verdict"
	"brownout/internal/chart"
)

// How much of a text is shown, in characters.
const (
	maxName  = 120
	maxText  = 600
	maxStack = 6000
)

// nothing stands where there is no figure.
const nothing = chart.Nothing

// clean keeps a text on one line, cuts it after n characters, and replaces what does not print:
// control characters, and those that turn the direction of writing.
func clean(text string, n int) string {
	var b strings.Builder
	for _, r := range text {
		if n--; n < 0 {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteRune(' ')
		default:
			b.WriteRune(unicode.ReplacementChar)
		}
	}
	return b.String()
}

// cleanLines does the same to each line of a text, and keeps them apart.
func cleanLines(text string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = clean(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    "), n)
		b.WriteString(line + "\n")
		if n -= len([]rune(line)) + 1; n <= 0 {
			break
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// cleanAll cleans a list, of which at most n members are kept; more is how many are not.
func cleanAll(texts []string, n int) (kept []string, more int) {
	for _, t := range texts[:min(n, len(texts))] {
		kept = append(kept, clean(t, maxText))
	}
	return kept, len(texts) - len(kept)
}

// length writes a time as people say it.
func length(d time.Duration) string { return chart.Seconds.Format(d.Seconds()) }

// amount writes a value in the unit of a check's measure.
func amount(m verdict.Measure, v float64) string {
	switch m {
	case verdict.Goodput:
		return chart.Share.Format(v)
	case verdict.Latency, verdict.Refusal:
		return chart.Seconds.Format(v)
	case verdict.Recovery, verdict.Alarm:
		if v < 0 {
			return "never"
		}
		return chart.Seconds.Format(v)
	case verdict.Attempts:
		return fmt.Sprintf("%.2f ×", v)
	}
	return chart.Count.Format(v)
}

// listed joins names: "a, b and c".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
