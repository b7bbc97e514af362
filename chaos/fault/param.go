package fault

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A Type is what a parameter's text stands for.
type Type string

// The types of parameters, each with texts that are one.
const (
	Duration Type = "duration" // 300ms, 1m30s
	Int      Type = "int"      // 4
	Bytes    Type = "bytes"    // 512, 64KiB, 1GB
	Ratio    Type = "ratio"    // 0.25
	Choice   Type = "choice"   // one of Choices
	Text     Type = "text"     // up to 64 characters
)

// maxText bounds a text, in bytes.
const maxText = 64

// A Param is a parameter of a kind. It always has a value: the default, if none is
// given.
type Param struct {
	Name    string   `json:"name"`
	Help    string   `json:"help"`
	Type    Type     `json:"type"`
	Default string   `json:"default"`
	Min     string   `json:"min,omitempty"` // the least that is taken, of what has an order; "" for 0
	Max     string   `json:"max,omitempty"` // the most; must be given for what has an order
	Choices []string `json:"choices,omitempty"`
}

// A value is a parameter as read from its text.
type value struct {
	kind   Type
	text   string
	number int64 // a duration in nanoseconds, an int, or bytes
	ratio  float64
}

// order is what values of one type are compared by.
func (v value) order() float64 {
	if v.kind == Ratio {
		return v.ratio
	}
	return float64(v.number)
}

// parse reads a text and holds it against the parameter's bounds. The error says what is
// wrong with it, as in "must be from 1ms to 10s".
func (p Param) parse(text string) (value, error) {
	v, err := read(p.Type, text)
	switch {
	case err != nil:
		return v, err
	case p.Type == Choice && !slices.Contains(p.Choices, text):
		return v, errors.New("must be one of " + strings.Join(p.Choices, ", "))
	case p.Type == Choice, p.Type == Text:
		return v, nil
	}
	if !p.admits(v) {
		return v, fmt.Errorf("must be from %s to %s", p.least(), p.Max)
	}
	return v, nil
}

func (p Param) least() string {
	if p.Min == "" {
		return "0"
	}
	return p.Min
}

func (p Param) admits(v value) bool {
	least, err := read(p.Type, p.least())
	most, noMost := read(p.Type, p.Max)
	if err != nil || noMost != nil {
		panic(fmt.Sprintf("fault: the bounds of parameter %s are %q and %q", p.Name, p.Min, p.Max))
	}
	return v.order() >= least.order() && v.order() <= most.order()
}

// read reads a text of a type, without bounds.
func read(kind Type, text string) (v value, err error) {
	v = value{kind: kind, text: text}
	switch kind {
	case Duration:
		v.number, err = readDuration(text)
	case Int:
		v.number, err = readInt(text)
	case Bytes:
		v.number, err = ParseBytes(text)
	case Ratio:
		v.ratio, err = readRatio(text)
	case Text:
		err = checkText(text)
	}
	return v, err
}

func readDuration(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("must be a duration, as in 300ms or 1m30s")
	}
	return int64(d), nil
}

func readInt(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}

func readRatio(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, errors.New("must be a number, as in 0.25")
	}
	return f, nil
}

// units are those of bytes; the longer come first.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

// ParseBytes reads a number of bytes, as in 512, 64KiB or 1MB.
func ParseBytes(text string) (int64, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err == nil && n >= 0 && n <= math.MaxInt64/u.bytes {
			return n * u.bytes, nil
		}
		break
	}
	return 0, errors.New("must be a number of bytes, as in 512, 64KiB or 1MB")
}

// checkText keeps texts short, and such that a terminal can show them.
func checkText(text string) error {
	if len(text) > maxText {
		return fmt.Errorf("may have at most %d bytes", maxText)
	}
	for _, r := range text {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return errors.New("must be printable")
		}
	}
	return nil
}

// paramPointer is the JSON pointer to a parameter in a Spec, bounded and printable
// whatever its name is.
func paramPointer(name string) string {
	if len(name) > maxText {
		name = name[:maxText]
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	return string(jsontext.Pointer("/params").AppendToken(name))
}
