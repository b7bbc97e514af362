package telemetry

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Histograms write their lines as github.com/prometheus/common/expfmt does, which a test holds them against, in
// Prometheus' text format and in OpenMetrics, the open one:
//
//	# HELP name help
//	# TYPE name histogram
//	name_bucket{route="a",le="0.001"} 3 # {trace_id="0af7"} 0.0007 1.7e+09
//	name_sum{route="a"} 0.0021
//	name_count{route="a"} 3

// The two formats differ in what is escaped in help; in labels they do not.
var (
	helpEscaper  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	quoteEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// histogramLines are what the lines of a histogram begin with.
type histogramLines struct{ bucket, sum, count string }

// linesOf returns the beginnings of the lines of a histogram that has these values of the labels.
func (h *Histograms) linesOf(values []string) histogramLines {
	var pairs []string
	for _, p := range prometheus.MakeLabelPairs(h.desc, values) { // which are sorted
		pairs = append(pairs, p.GetName()+`="`+quoteEscaper.Replace(p.GetValue())+`"`)
	}
	labels := ""
	if pairs != nil {
		labels = "{" + strings.Join(pairs, ",") + "}"
	}
	return histogramLines{
		bucket: h.name + "_bucket{" + strings.Join(append(pairs, `le="`), ","),
		sum:    h.name + "_sum" + labels + " ",
		count:  h.name + "_count" + labels + " ",
	}
}

// Ends are what stands between the beginning of a bucket's line and its count, for each bucket.
type ends []string

func endsOf(bounds []time.Duration, open bool) ends {
	var all ends
	for _, bound := range bounds {
		all = append(all, string(appendFloat(nil, bound.Seconds(), open))+`"} `)
	}
	return append(all, `+Inf"} `)
}

// appendTo writes the lines of all histograms.
func (h *Histograms) appendTo(b []byte, open bool) []byte {
	all := h.list()
	if len(all) == 0 {
		return b
	}
	between, help := h.plain, helpEscaper.Replace(h.help)
	if open {
		between, help = h.open, quoteEscaper.Replace(h.help)
	}
	b = append(b, "# HELP "+h.name+" "+help+"\n# TYPE "+h.name+" histogram\n"...)
	for _, one := range all {
		b = one.appendTo(b, between, open)
	}
	return b
}

func (h *Histogram) appendTo(b []byte, between ends, open bool) []byte {
	count := uint64(0)
	for i := range h.classic {
		count += h.classic[i].Load()
		b = append(b, h.lines.bucket...)
		b = append(b, between[i]...)
		b = strconv.AppendUint(b, count, 10)
		if e := h.examples[i].Load(); open && e != nil {
			b = e.appendTo(b)
		}
		b = append(b, '\n')
	}
	b = append(b, h.lines.sum...)
	b = append(appendFloat(b, seconds(&h.sum), open), '\n')
	b = append(b, h.lines.count...)
	return append(strconv.AppendUint(b, count, 10), '\n')
}

func (e *example) appendTo(b []byte) []byte {
	b = append(b, ` # {`+exampleLabel+`="`...)
	b = append(b, e.trace...)
	b = append(b, `"} `...)
	b = append(appendFloat(b, e.took.Seconds(), true), ' ')
	return appendFloat(b, float64(e.at.UnixNano())/1e9, true)
}

// appendFloat writes a number, in the open format so that it is not taken for a whole one.
func appendFloat(b []byte, v float64, open bool) []byte {
	at := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if open && !bytes.ContainsAny(b[at:], "e.IN") { // nor Inf, nor NaN
		b = append(b, ".0"...)
	}
	return b
}
