package tracestore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unique"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Bounds of what is taken out of a body.
const (
	maxBodySpans  = 20_000
	maxAttributes = 32   // of a span, or of an event
	maxEvents     = 128  // of a span
	maxLinks      = 32   // of a span
	maxText       = 1024 // bytes
	maxNesting    = 32   // of messages in messages
)

// Limits of a number of nanoseconds since 1970.
const maxNano = 1<<63 - 1

// errTooManySpans makes a body too large, however few bytes it has.
var errTooManySpans = fmt.Errorf("more than %d spans", maxBodySpans)

// A received is a span on its way to its trace.
type received struct {
	trace string
	span  Span
}

// decode returns the spans of the body of an ExportTraceServiceRequest (OTLP 1.x, binary
// protobuf). The error names the span that makes no sense.
func decode(body []byte) ([]received, error) {
	var request collectorpb.ExportTraceServiceRequest
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}).Unmarshal(body, &request); err != nil {
		return nil, err
	}
	var all []received
	for _, part := range request.GetResourceSpans() {
		service := serviceOf(part.GetResource())
		for _, scope := range part.GetScopeSpans() {
			if len(all)+len(scope.GetSpans()) > maxBodySpans {
				return nil, errTooManySpans
			}
			for _, span := range scope.GetSpans() {
				r, err := decodeSpan(service, span)
				if err != nil {
					return nil, fmt.Errorf("span %d: %w", len(all), err)
				}
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func serviceOf(r *resourcepb.Resource) string {
	for _, attribute := range r.GetAttributes() {
		if attribute.GetKey() == "service.name" {
			return shared(text(attribute.GetValue()))
		}
	}
	return ""
}

// decodeSpan checks what everything rests on: ids, and that time goes forward.
func decodeSpan(service string, from *tracepb.Span) (received, error) {
	switch {
	case len(from.GetTraceId()) != 16 || isZero(from.GetTraceId()):
		return received{}, errors.New("trace_id: not 16 bytes that are not all zero")
	case len(from.GetSpanId()) != 8 || isZero(from.GetSpanId()):
		return received{}, errors.New("span_id: not 8 bytes that are not all zero")
	case len(from.GetParentSpanId()) != 8 && len(from.GetParentSpanId()) != 0:
		return received{}, errors.New("parent_span_id: neither 8 bytes nor none")
	case from.GetStartTimeUnixNano() == 0 || from.GetStartTimeUnixNano() > maxNano:
		return received{}, errors.New("start_time_unix_nano: none, or too late")
	case from.GetEndTimeUnixNano() < from.GetStartTimeUnixNano() || from.GetEndTimeUnixNano() > maxNano:
		return received{}, errors.New("end_time_unix_nano: before the start, or too late")
	}
	span := Span{
		ID: hex.EncodeToString(from.GetSpanId()), Service: service, Name: shared(cut(from.GetName())),
		Start: at(from.GetStartTimeUnixNano()), End: at(from.GetEndTimeUnixNano()), Error: failure(from.GetStatus()),
		Dropped: int(from.GetDroppedAttributesCount()) + int(from.GetDroppedEventsCount()) + int(from.GetDroppedLinksCount()),
	}
	if !isZero(from.GetParentSpanId()) {
		span.Parent = hex.EncodeToString(from.GetParentSpanId())
	}
	span.Attributes = decodeAttributes(from.GetAttributes(), &span.Dropped)
	span.Events = decodeEvents(from.GetEvents(), &span.Dropped)
	span.Links = decodeLinks(from.GetLinks(), &span.Dropped)
	return received{trace: hex.EncodeToString(from.GetTraceId()), span: span}, nil
}

func isZero(id []byte) bool {
	for _, b := range id {
		if b != 0 {
			return false
		}
	}
	return true
}

// failure returns why a span failed, "" if it did not.
func failure(status *tracepb.Status) string {
	switch {
	case status.GetCode() != tracepb.Status_STATUS_CODE_ERROR:
		return ""
	case status.GetMessage() == "":
		return "error"
	default:
		return cut(status.GetMessage())
	}
}

func decodeEvents(from []*tracepb.Span_Event, dropped *int) []Event {
	if len(from) > maxEvents {
		*dropped += len(from) - maxEvents
		from = from[:maxEvents]
	}
	var events []Event
	for _, e := range from {
		event := Event{Name: shared(cut(e.GetName())), At: at(min(e.GetTimeUnixNano(), maxNano))}
		event.Attributes = decodeAttributes(e.GetAttributes(), dropped)
		events = append(events, event)
	}
	return events
}

// decodeLinks leaves out links that lead nowhere.
func decodeLinks(from []*tracepb.Span_Link, dropped *int) []Link {
	var links []Link
	for _, l := range from {
		if len(links) == maxLinks || len(l.GetTraceId()) != 16 || len(l.GetSpanId()) != 8 {
			*dropped++
			continue
		}
		links = append(links, Link{Trace: hex.EncodeToString(l.GetTraceId()), Span: hex.EncodeToString(l.GetSpanId())})
	}
	return links
}

func decodeAttributes(from []*commonpb.KeyValue, dropped *int) map[string]string {
	if len(from) > maxAttributes {
		*dropped += len(from) - maxAttributes
		from = from[:maxAttributes]
	}
	if len(from) == 0 {
		return nil
	}
	attributes := make(map[string]string, len(from))
	for _, attribute := range from {
		attributes[shared(cut(attribute.GetKey()))] = text(attribute.GetValue())
	}
	return attributes
}

// text writes an attribute's value as people would: numbers in decimal, lists as "[a, b]",
// maps as "{k: v}".
func text(v *commonpb.AnyValue) string { return cut(string(appendText(nil, v))) }

// appendText goes no further when there is enough.
func appendText(b []byte, v *commonpb.AnyValue) []byte {
	if len(b) > maxText {
		return b
	}
	switch value := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return append(b, value.StringValue...)
	case *commonpb.AnyValue_BoolValue:
		return strconv.AppendBool(b, value.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.AppendInt(b, value.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.AppendFloat(b, value.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return hex.AppendEncode(b, value.BytesValue[:min(len(value.BytesValue), maxText)])
	case *commonpb.AnyValue_ArrayValue:
		return appendList(b, value.ArrayValue.GetValues())
	case *commonpb.AnyValue_KvlistValue:
		return appendMap(b, value.KvlistValue.GetValues())
	}
	return b
}

func appendList(b []byte, values []*commonpb.AnyValue) []byte {
	b = append(b, '[')
	for i, v := range values[:min(len(values), maxText)] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendText(b, v)
	}
	return append(b, ']')
}

func appendMap(b []byte, values []*commonpb.KeyValue) []byte {
	b = append(b, '{')
	for i, v := range values[:min(len(values), maxText)] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, cut(v.GetKey())...)
		b = appendText(append(b, ": "...), v.GetValue())
	}
	return append(b, '}')
}

// cut returns the first maxText bytes of a text, without half a character at their end.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	s = s[:maxText]
	for range utf8.UTFMax {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return strings.Clone(s)
}

// shared returns a text that takes memory once, however often it is there: names and keys
// are few.
func shared(s string) string { return unique.Make(s).Value() }

func at(nano uint64) time.Time { return time.Unix(0, int64(nano)).UTC() }
