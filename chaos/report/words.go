package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// How much of a text is shown, in characters.
const (
	maxName  = 120
	maxText  = 600
	maxStack = 6000
)

// nothing stands where there is no figure.
const nothing = "–"

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

// figure writes a value in a panel's unit.
func figure(v float64, unit string) string {
	switch unit {
	case "seconds":
		return seconds(v)
	case "share":
		return share(v)
	case "bytes":
		return bytesText(v)
	}
	return number(v)
}

// axis writes a value beside a grid line, where units stand elsewhere or are short.
func axis(v float64, unit string) string {
	switch {
	case v == 0 && unit != "share":
		return "0"
	case unit == "share":
		return number(v*100) + " %"
	}
	return figure(v, unit)
}

func share(v float64) string { return fmt.Sprintf("%.1f %%", v*100) }

// number writes three digits, without an exponent where one can do without.
func number(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1e9 || size > 0 && size < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := strconv.FormatFloat(v, 'g', 3, 64)
	if plain, err := strconv.ParseFloat(digits, 64); err == nil {
		digits = strconv.FormatFloat(plain, 'f', -1, 64)
	}
	return digits
}

// seconds writes a time as people say it: 850 ms, 2.31 s, 3 m 20 s.
func seconds(v float64) string {
	switch size := math.Abs(v); {
	case size == 0:
		return "0 s"
	case size < 1e-3:
		return number(v*1e6) + " µs"
	case size < 1:
		return number(v*1e3) + " ms"
	case size < 120:
		return number(v) + " s"
	case size < 1e9:
		return fmt.Sprintf("%d m %d s", int64(v)/60, int64(size)%60)
	}
	return number(v) + " s"
}

func length(d time.Duration) string { return seconds(d.Seconds()) }

func spanText(s evidence.Span) string { return length(s.From) + " to " + length(s.To) }

var byteUnits = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// byteUnit is the largest unit that a size reaches.
func byteUnit(v float64) (size float64, name string) {
	i := 0
	for size = 1; i < len(byteUnits)-1 && math.Abs(v) >= size*1024; i++ {
		size *= 1024
	}
	return size, byteUnits[i]
}

func bytesText(v float64) string {
	size, name := byteUnit(v)
	return number(v/size) + " " + name
}

// amount writes a value in the unit of a check's measure.
func amount(m verdict.Measure, v float64) string {
	switch m {
	case verdict.Goodput:
		return share(v)
	case verdict.Latency, verdict.Refusal:
		return seconds(v)
	case verdict.Recovery:
		if v < 0 {
			return "never"
		}
		return seconds(v)
	case verdict.Attempts:
		return fmt.Sprintf("%.2f ×", v)
	}
	return number(v)
}

// listed joins names: "a, b and c".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
