package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Unit says how values are written. A text that is none of the units below is written beside the
// title, and values are numbers.
type Unit string

// The units.
const (
	Count          Unit = ""
	PerSecond      Unit = "a second"
	Seconds        Unit = "seconds"
	Share          Unit = "share" // from 0 to 1; written in percent
	Bytes          Unit = "bytes"
	BytesPerSecond Unit = "bytes a second"
)

// UnitOf returns the unit that a dashboard calls by a name of Grafana's; Count if it is none of those
// that there is a unit for.
func UnitOf(grafana string) Unit {
	switch grafana {
	case "s":
		return Seconds
	case "percentunit":
		return Share
	case "bytes":
		return Bytes
	case "binBps", "Bps":
		return BytesPerSecond
	case "reqps", "ops", "cps":
		return PerSecond
	}
	return Count
}

// Nothing stands where there is no figure.
const Nothing = "–"

// Format writes a value, with its unit where that is not told beside the title; [Nothing] for what is
// no number.
func (u Unit) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return Nothing
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "-∞"
	}
	switch u {
	case Seconds:
		return seconds(v)
	case Share:
		return fmt.Sprintf("%.1f %%", v*100)
	case Bytes, BytesPerSecond:
		size, name := byteUnit(v)
		return number(v/size) + " " + name
	}
	return number(v)
}

// axis writes a value beside a grid line, where it may be shorter.
func (u Unit) axis(v float64) string {
	switch {
	case v == 0 && u != Share:
		return "0"
	case u == Share:
		return number(v*100) + " %"
	}
	return u.Format(v)
}

// Note is what belongs beside a title because values do not say it; "" if they do.
func (u Unit) Note() string {
	switch u {
	case Share, Bytes, Seconds:
		return ""
	case BytesPerSecond:
		return string(PerSecond)
	}
	return string(u)
}

// note is that of a unit, and of the kind of scale.
func note(u Unit, log bool) string {
	if !log {
		return u.Note()
	}
	return strings.TrimPrefix(u.Note()+", logarithmic", ", ")
}

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

// seconds writes a time as people say it: 850 ms, 2.31 s, 3 m 20 s, 20 h 0 m.
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
	case size < 7200:
		return fmt.Sprintf("%d m %d s", int64(v)/60, int64(size)%60)
	case size < 1e9:
		return fmt.Sprintf("%d h %d m", int64(v)/3600, int64(size)%3600/60)
	}
	return number(v) + " s"
}

var byteUnits = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// byteUnit is the largest unit that a size reaches.
func byteUnit(v float64) (size float64, name string) {
	i := 0
	for size = 1; i < len(byteUnits)-1 && math.Abs(v) >= size*1024; i++ {
		size *= 1024
	}
	return size, byteUnits[i]
}
