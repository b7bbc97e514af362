package telemetry

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"brownout/internal/loop"
)

// maxText bounds what a span says in one place, in bytes: stacks are the longest.
const maxText = 4 << 10

// bound cuts the texts of attributes: what comes from outside, such as a path, may be long.
func bound(all []attribute.KeyValue) {
	for i := range all {
		if v := &all[i].Value; v.Type() == attribute.STRING {
			*v = attribute.StringValue(cut(v.AsString()))
		}
	}
}

// cut is what is told of a text: not too much, and nothing that is no UTF-8, with which no span of a whole batch could
// be sent.
func cut(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxText)], "") }

// A Detail is what an event of a trace tells beside its name. It is asked only if the trace is
// kept, on a goroutine of its own, and so must not change; what it answers is given away.
type Detail interface {
	Attributes() []attribute.KeyValue
}

// A faultHit is the event of a fault of this name that has done harm.
type faultHit string

// Attributes implements Detail.
func (f faultHit) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("brownout.fault", string(f))}
}

// A Refusal is the event "refused": a protection has refused something before a target, for a reason that is
// one of few words.
type Refusal struct{ Protection, Target, Reason string }

// Attributes implements Detail.
func (r Refusal) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("brownout.protection", r.Protection), attribute.String("brownout.target", r.Target), attribute.String("brownout.reason", r.Reason),
	}
}

// A Retry is the event "retry": an attempt of a call after the first, which is 1.
type Retry struct {
	To      *Peer
	Call    string
	Attempt int
}

// Attributes implements Detail.
func (r *Retry) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("brownout.downstream", r.To.name), attribute.String("brownout.call", r.Call), attribute.Int("brownout.attempt", r.Attempt),
	}
}

// A culprit is what has kept the loop.
type culprit struct{ *loop.LongTurn }

// Attributes implements Detail.
func (c culprit) Attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("brownout.culprit", c.Name), attribute.String("brownout.phase", c.Phase.String()), semconv.CodeStacktrace(c.Stack),
	}
}

// methods are those that HTTP knows (RFC 9110, RFC 5789); spans have "_OTHER" for the rest.
const methods = " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH "

func method(name string) attribute.KeyValue {
	if !strings.Contains(methods, " "+name+" ") {
		return semconv.HTTPRequestMethodOther
	}
	return semconv.HTTPRequestMethodKey.String(name)
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// errorType is what kind of failure it was, in one of few words.
func errorType(status int, otherwise string) attribute.KeyValue {
	if status != 0 {
		otherwise = strconv.Itoa(status)
	}
	if otherwise == "" {
		return semconv.ErrorTypeOther
	}
	return semconv.ErrorTypeKey.String(otherwise)
}

// message is an error in words, of which there are not too many.
func message(err error) string {
	if err == nil {
		return ""
	}
	return cut(err.Error())
}
