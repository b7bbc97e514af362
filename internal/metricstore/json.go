package metricstore

import (
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/prometheus/model/labels"
)

// maxUnsent is how much of an answer waits in memory to be sent, in bytes.
const maxUnsent = 32 << 10

// A jsonStream writes JSON as it is made: answers can be long. What cannot be written is lost, as it is when whoever
// asked has left.
type jsonStream struct {
	to io.Writer
	b  []byte
}

// flush writes what has not been written yet.
func (s *jsonStream) flush() {
	_, _ = s.to.Write(s.b)
	s.b = s.b[:0]
}

// raw adds a piece of JSON.
func (s *jsonStream) raw(piece string) *jsonStream {
	s.b = append(s.b, piece...)
	if len(s.b) >= maxUnsent {
		s.flush()
	}
	return s
}

// text adds a text. Bytes that are not UTF-8 are replaced.
func (s *jsonStream) text(text string) *jsonStream {
	s.b, _ = jsontext.AppendQuote(s.b, text) // the error says that it was not UTF-8
	return s
}

// value adds a value that encodes itself.
func (s *jsonStream) value(v any) *jsonStream {
	text, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		panic("metricstore: " + err.Error()) // the types are ours
	}
	return s.raw(string(text))
}

// member adds a member of an object that has others, unless it is empty.
func (s *jsonStream) member(name string, texts []string) *jsonStream {
	if len(texts) == 0 {
		return s
	}
	return s.raw(`,`).text(name).raw(`:`).value(texts)
}

// labels adds labels as an object.
func (s *jsonStream) labels(l labels.Labels) *jsonStream {
	separator := `{`
	l.Range(func(l labels.Label) {
		s.raw(separator).text(l.Name).raw(`:`).text(l.Value)
		separator = `,`
	})
	if l.IsEmpty() {
		s.raw(separator)
	}
	return s.raw(`}`)
}

// point adds a time and a value: [1700000000.5,"1"].
func (s *jsonStream) point(milliseconds int64, v float64) *jsonStream {
	return s.raw(`[`).time(milliseconds).raw(`,`).number(v).raw(`]`)
}

// time adds a time in seconds.
func (s *jsonStream) time(milliseconds int64) *jsonStream {
	s.b = strconv.AppendFloat(s.b, float64(milliseconds)/1000, 'f', -1, 64)
	return s
}

// number adds a value as a text, since JSON has no infinities.
func (s *jsonStream) number(v float64) *jsonStream {
	format := byte('f')
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	s.b = append(s.b, '"')
	s.b = strconv.AppendFloat(s.b, v, format, -1, 64)
	return s.raw(`"`)
}
