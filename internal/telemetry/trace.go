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

// Queued is Wait for what is mostly had at once: less than LeastWait is not worth a span.
func (t *Trace) Queued(name string, from, to time.Time) {
	if to.Sub(from) >= LeastWait {
		t.Wait(name, from, to)
	}
}

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
	t.record.note(t, kindWait, "for "+turn.Name, from, to, culprit{&turn.LongTurn})
}

// Work notes that the request was worked on somewhere, such as "pool": a span "work
// pool". The name is a constant.
func (t *Trace) Work(name string, from, to time.Time) { t.stretch(kindWork, name, from, to) }

// Hit notes that a fault has done harm to the request.
func (t *Trace) Hit(fault string, at time.Time) {
	if t != nil {
		t.Event("fault", at, faultHit(fault))
	}
}

// Event notes that something happened, and more of it if detail is not nil. The name is a constant.
func (t *Trace) Event(name string, at time.Time, detail Detail) {
	if t != nil {
		t.record.note(t, kindEvent, name, at, at, detail)
	}
}

func (t *Trace) stretch(k kind, name string, from, to time.Time) {
	if t != nil {
		t.record.note(t, k, name, from, to, nil)
	}
}

// An HTTPRequest is what a request is, in the words of HTTP.
type HTTPRequest struct {
	Method string
	Route  string // the pattern that its path is one of, such as "/v1/orders/{id}"; "" for none
	Path   string // without its query
}

// Is says which request it is. Only who has started the trace may say so, before anybody else has
// it.
func (t *Trace) Is(r HTTPRequest) {
	if t != nil {
		t.record.request = r
	}
}

// End ends the trace, with the status of the answer, 0 if nobody is answered, and the error that it
// was made of, if any. It is kept, and says so, if it is sampled, failed (with a status of 500 or
// more, or, without an answer, with an error), or was slow, and there is room for it.
func (t *Trace) End(at time.Time, status int, err error) (kept bool) {
	return t != nil && t.record.end(t, outcome{at: at, status: status, err: err})
}

// Call begins one attempt of a call to a peer: a span "call inventory: hold".
func (t *Trace) Call(to *Peer, o Operation, at time.Time) *Call { return t.begin(kindCall, to, o, at) }

func (t *Trace) begin(k kind, to *Peer, o Operation, at time.Time) *Call {
	if t == nil {
		return nil
	}
	c := &Call{trace: t, kind: k, span: t.record.tracing.ids.spanID(), peer: to, operation: o}
	t.record.call(c, at)
	return c
}

// A Call is one attempt of a call to another service, or the sending of a message. Any goroutine
// may call its methods, also after the end of its trace. A nil Call is none.
type Call struct {
	trace     *Trace
	kind      kind
	span      trace.SpanID
	peer      *Peer
	operation Operation

	// Of the record, under its lock.
	open   bool // it was noted, and has not ended
	ended  time.Time
	result Result
}

// A Result is how a call ended.
type Result struct {
	// Left is when the call was on its way, after it had waited for its turn; zero if it never
	// was. Answered is when there was an answer, which then waited for the loop; zero if that is
	// not known.
	Left, Answered time.Time
	// Status is that of the answer of a service; 0 without one.
	Status int
	// Err is why it failed, nil if it did not, and Type the kind of that, in one of few words.
	Err  error
	Type string
}

// Traceparent returns the header that makes the callee's trace a part of this one,
// "" for nil.
func (c *Call) Traceparent() string {
	if c == nil {
		return ""
	}
	return traceparent{c.trace.id, c.span, c.trace.sampled}.String()
}

// Link is the Traceparent that a message carries: "" if the trace is not sampled, for most likely
// nobody keeps it, and a link would lead nowhere.
func (c *Call) Link() string {
	if c == nil || !c.trace.sampled {
		return ""
	}
	return c.Traceparent()
}

// End ends the attempt. Only the first End counts.
func (c *Call) End(at time.Time, r Result) {
	if c != nil {
		c.trace.record.endCall(c, at, r)
	}
}
