package telemetry

import (
	"encoding/hex"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// A Trace is what is noted of one request: what it waits for and what it works on.
// It costs next to nothing until it ends; only if it is kept are spans made of it.
// Any goroutine may call its methods, also after the end: then they do nothing. A nil
// Trace takes no notes.
//
// A Trace is never used for a second request, though what it writes to is.
type Trace struct {
	record  *record
	id      trace.TraceID
	span    trace.SpanID
	sampled bool
}

// ID returns the id of the trace as 32 hexadecimal digits, "" for nil.
func (t *Trace) ID() string {
	if t == nil {
		return ""
	}
	return hex.EncodeToString(t.id[:])
}

// Sampled says whether the trace is kept whatever becomes of it.
func (t *Trace) Sampled() bool { return t != nil && t.sampled }

// Wait notes that the request waited for something, such as "mailbox": a span "wait
// mailbox". The name is a constant.
func (t *Trace) Wait(name string, from, to time.Time) { t.stretch(kindWait, name, from, to) }

// KeptBy notes that the request waited for the loop while that was kept by a turn which worked for
// long: a span "wait for" with the name of the callback, and its phase and stack.
func (t *Trace) KeptBy(turn SeenTurn, from, to time.Time) {
	if t == nil {
		return
	}
	if began := turn.Began(); began.After(from) {
		from = began
	}
	if ended := turn.Ended; !ended.IsZero() && ended.Before(to) {
		to = ended
	}
	t.record.note(t, kindWait, "for "+turn.Name, from, to, &turn.LongTurn)
}

// Work notes that the request was worked on somewhere, such as "pool": a span "work
// pool". The name is a constant.
func (t *Trace) Work(name string, from, to time.Time) { t.stretch(kindWork, name, from, to) }

// Event notes that something happened. The name is a constant.
func (t *Trace) Event(name string, at time.Time) { t.stretch(kindEvent, name, at, at) }

func (t *Trace) stretch(k kind, name string, from, to time.Time) {
	if t != nil {
		t.record.note(t, k, name, from, to, nil)
	}
}

// End ends the trace, with the status of the answer and the error that it was made
// of, if any. It is kept, and says so, if it is sampled, failed with a status of 500 or
// more, or was slow, and there is room for it.
func (t *Trace) End(at time.Time, status int, err error) (kept bool) {
	return t != nil && t.record.end(t, outcome{at: at, status: status, err: err})
}

// Call begins one attempt of a call to another service; the name says to which and
// what for, such as "inventory: hold".
func (t *Trace) Call(name string, at time.Time) *Call {
	if t == nil {
		return nil
	}
	c := &Call{trace: t, span: t.record.tracing.ids.spanID()}
	c.place = t.record.call(t, c.span, name, at)
	return c
}

// A Call is one attempt of a call to another service: a span "call inventory: hold".
// Any goroutine may call its methods, also after the end of its trace. A nil Call is
// none.
type Call struct {
	trace *Trace
	span  trace.SpanID
	place int // in the record; less than 0 if there was no room
}

// Traceparent returns the header that makes the callee's trace a part of this one,
// "" for nil.
func (c *Call) Traceparent() string {
	if c == nil {
		return ""
	}
	return traceparent{c.trace.id, c.span, c.trace.sampled}.String()
}

// End ends the attempt; err tells why it failed, if it did. Only the first End
// counts.
func (c *Call) End(at time.Time, err error) {
	if c != nil {
		c.trace.record.endCall(c, at, err)
	}
}
