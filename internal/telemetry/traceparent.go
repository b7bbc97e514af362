package telemetry

import (
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// A traceparent is the header of that name in W3C Trace Context, level 1
// (https://www.w3.org/TR/trace-context-1/#traceparent-header):
//
//	00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//	version, trace, parent's span, flags
type traceparent struct {
	trace   trace.TraceID
	span    trace.SpanID
	sampled bool
}

// context is the span as OpenTelemetry knows it.
func (p traceparent) context() trace.SpanContext {
	c := trace.SpanContextConfig{TraceID: p.trace, SpanID: p.span, Remote: true}
	if p.sampled {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(c)
}

// Where the parts of a traceparent begin, and how long the one of version 0 is.
const (
	atTrace, atSpan, atFlags, lenTraceparent = 3, 36, 53, 55
)

// parseTraceparent reads a header, and says whether it is well formed. Later versions
// may add to the end.
func parseTraceparent(s string) (p traceparent, ok bool) {
	if len(s) < lenTraceparent || s[atTrace-1] != '-' || s[atSpan-1] != '-' || s[atFlags-1] != '-' {
		return p, false
	}
	var digits [lenTraceparent]byte
	copy(digits[:], s)
	var version, flags [1]byte
	ok = parseHex(version[:], digits[:atTrace-1]) && parseHex(p.trace[:], digits[atTrace:atSpan-1]) &&
		parseHex(p.span[:], digits[atSpan:atFlags-1]) && parseHex(flags[:], digits[atFlags:])
	if !ok || !p.trace.IsValid() || !p.span.IsValid() || !fits(version[0], s[lenTraceparent:]) {
		return traceparent{}, false
	}
	p.sampled = flags[0]&1 != 0
	return p, true
}

// fits says whether a version allows for what follows the flags.
func fits(version byte, rest string) bool {
	switch version {
	case 0:
		return rest == ""
	case 0xff:
		return false
	}
	return rest == "" || rest[0] == '-'
}

// parseHex reads lower-case hexadecimal digits, two for each byte of to.
func parseHex(to, from []byte) bool {
	for _, c := range from {
		if c < '0' || c > 'f' || 'A' <= c && c <= 'F' { // the rest is refused by Decode
			return false
		}
	}
	_, err := hex.Decode(to, from)
	return err == nil
}

// String returns the header.
func (p traceparent) String() string {
	b := [lenTraceparent]byte{0: '0', 1: '0', atTrace - 1: '-', atSpan - 1: '-', atFlags - 1: '-', atFlags: '0', atFlags + 1: '0'}
	hex.Encode(b[atTrace:], p.trace[:])
	hex.Encode(b[atSpan:], p.span[:])
	if p.sampled {
		b[atFlags+1] = '1'
	}
	return string(b[:])
}
