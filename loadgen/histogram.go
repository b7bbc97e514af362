package loadgen

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxEncoded bounds the text of a histogram, in bytes: no text of one with these bounds is longer.
const maxEncoded = 256 << 10

var errOtherHistogram = fmt.Errorf("a histogram of another kind: want one from %v to %v, to %d digits", time.Duration(shortest), time.Duration(longest), precision)

// encode returns a histogram in HdrHistogram's V2 compressed encoding, in base64; "" if it has
// nothing in it.
func encode(h *hdrhistogram.Histogram) string {
	if h == nil || h.TotalCount() == 0 {
		return ""
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err) // it is written to memory
	}
	return string(text)
}

// decode is the opposite of encode: nil for "".
func decode(text string) (*hdrhistogram.Histogram, error) {
	switch {
	case text == "":
		return nil, nil
	case len(text) > maxEncoded:
		return nil, fmt.Errorf("a histogram of more than %d bytes", maxEncoded)
	}
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("a histogram that cannot be read: %w", err)
	}
	if h.LowestTrackableValue() != shortest || h.HighestTrackableValue() != longest || h.SignificantFigures() != precision {
		return nil, errOtherHistogram
	}
	return h, nil
}

// newLatencies returns a histogram of latencies.
func newLatencies() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, precision) }

// mergeInto adds a histogram of the same bounds, so that nothing is dropped; nil is nothing.
func mergeInto(h, other *hdrhistogram.Histogram) {
	if other != nil {
		h.Merge(other)
	}
}

// total is how many a histogram has, which may be nil.
func total(h *hdrhistogram.Histogram) int64 {
	if h == nil {
		return 0
	}
	return h.TotalCount()
}

var (
	errNoHistogram = errors.New("it has no histogram")
	errCounts      = errors.New("its counts do not add up")
)

// Latencies returns what Histogram holds, in ns; nil if the report is of a time when there was none,
// or nothing was sent. An error says what is wrong with it, or with the counts beside it.
func (r Row) Latencies() (*hdrhistogram.Histogram, error) {
	h, err := decode(r.Histogram)
	if err != nil {
		return nil, fmt.Errorf("route %.64q has %w", r.Route, err)
	}
	if h != nil && h.TotalCount() != r.Sent {
		return nil, fmt.Errorf("route %.64q has a histogram of %d latencies, and sent %d", r.Route, h.TotalCount(), r.Sent)
	}
	if min(r.Acknowledged, r.Refused, r.Unknown, r.Unsent) < 0 || r.Acknowledged+r.Refused+r.Unknown != r.Sent || r.again() < 0 {
		return nil, fmt.Errorf("route %.64q: %w", r.Route, errCounts)
	}
	return h, nil
}

// again is how many attempts were not the first.
func (r Row) again() int64 { return r.Sent + r.Unsent - r.Scheduled }
