package room

import (
	"html/template"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brownout/internal/chart"
)

// words are what templates write with.
func words() template.FuncMap {
	return template.FuncMap{
		"rate": rate, "seconds": chart.Seconds.Format, "share": chart.Share.Format, "left": left, "clean": clean, "sign": stand.Sign,
	}
}

// rate writes how often something happens.
func rate(v float64) string {
	if math.IsNaN(v) {
		return chart.Nothing
	}
	return chart.PerSecond.Format(v) + "/s"
}

// left writes a time that is left, in whole seconds, the one that has begun included.
func left(seconds float64) string {
	return (time.Duration(math.Ceil(max(seconds, 0))) * time.Second).String()
}

// ago writes how long ago something was.
func ago(at time.Time) string {
	return time.Since(at).Round(time.Second).String() + " ago"
}

// clock writes when something was, as a clock here has it, and as charts do.
func clock(at time.Time) string { return at.Local().Format("15:04:05.000") }

// maxText bounds a text that comes from elsewhere, in characters.
const maxText = 600

// clean keeps a text on one line, cuts it, and replaces what does not print: control characters, and
// those that turn the direction of writing.
func clean(text string) string {
	if utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText]) + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}

// sentence makes one of an error's text.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return clean(text)
}

// A stand is how something is: the word is a class of the style sheet as well.
type stand string

// How things are.
const (
	unknown stand = "unknown" // nobody has said
	fine    stand = "fine"
	slow    stand = "slow"
	failing stand = "failing"
	down    stand = "down"
	broken  stand = "broken" // by a fault
)

// weight is how much there is to be looked at.
func (s stand) weight() int {
	switch s {
	case slow:
		return 1
	case failing:
		return 2
	case down, broken:
		return 3
	}
	return 0
}

// Sign is a shape for who does not see colours.
func (s stand) Sign() string {
	switch s {
	case fine:
		return "●"
	case slow:
		return "▲"
	case failing:
		return "■"
	case down:
		return "✕"
	case broken:
		return "ϟ"
	}
	return "○"
}
