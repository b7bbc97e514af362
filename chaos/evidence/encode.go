package evidence

import (
	"encoding/json"
	"strconv"
	"time"
)

// AppendJSON appends the sample as encoding/json writes it, to the byte, at a fraction of the cost: a load
// generator does it for every request. An error says that a time has no such form.
func (s *Sample) AppendJSON(b []byte) ([]byte, error) {
	b = appendInt(append(b, `{"seq":`...), s.Seq)
	b = appendString(append(b, `,"route":`...), s.Route)
	b, err := appendTime(append(b, `,"intended":`...), s.Intended)
	if err != nil {
		return b, err
	}
	if b, err = appendTime(append(b, `,"sent":`...), s.Sent); err != nil {
		return b, err
	}
	b = appendInt(append(b, `,"latency_ns":`...), int64(s.Latency))
	b = appendInt(append(b, `,"status":`...), int64(s.Status))
	b = appendString(append(b, `,"outcome":`...), string(s.Outcome))
	b = appendInt(append(b, `,"bytes":`...), s.Bytes)
	b = s.appendOptional(b)
	return append(b, '}'), nil
}

// appendOptional appends the members that are left out where they say nothing.
func (s *Sample) appendOptional(b []byte) []byte {
	text := func(member, value string) {
		if value != "" {
			b = appendString(append(b, member...), value)
		}
	}
	number := func(member string, value int64) {
		if value != 0 {
			b = appendInt(append(b, member...), value)
		}
	}
	text(`,"error":`, s.Error)
	text(`,"trace_id":`, s.TraceID)
	number(`,"attempt":`, int64(s.Attempt))
	text(`,"tenant":`, s.Tenant)
	text(`,"reference":`, string(s.Reference))
	text(`,"order":`, s.Order)
	number(`,"total":`, int64(s.Total))
	if s.Replayed {
		b = append(b, `,"replayed":true`...)
	}
	text(`,"digest":`, s.Digest)
	return b
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendTime(b []byte, t time.Time) ([]byte, error) {
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err
}

// appendString appends a string that most likely needs no escapes.
func appendString(b []byte, s string) []byte {
	if !isPlain(s) {
		quoted, _ := json.Marshal(s) // a string always can be
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// isPlain says whether encoding/json would change nothing of a string.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
