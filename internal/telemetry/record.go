package telemetry

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

const (
	// maxEntries bounds what is noted of one request.
	maxEntries = 128
	// handlesAtOnce is how many traces are allocated together.
	handlesAtOnce = 32
)

// A kind is what an entry is about.
type kind uint8

const (
	kindWait  kind = iota // a stretch of time in which nothing is done
	kindWork              // a stretch of time in which something is
	kindEvent             // a moment
	kindCall              // an attempt of a call to another service
	kindSend              // the sending of a message
)

// String returns the kind as in the names and attributes of spans.
func (k kind) String() string { return [...]string{"wait", "work", "event", "call", "send"}[k] }

// An entry is a note in a record.
type entry struct {
	kind     kind
	name     string
	from, to time.Duration // since the record's start
	detail   Detail        // nil for none
	call     *Call         // nil for a stretch or an event
}

// An outcome is how a request ended.
type outcome struct {
	at     time.Time
	status int // of the answer; 0 if nobody is answered
	err    error
	kept   string // why the trace is
}

// failed says whether it was the service that failed, or, if nobody is answered, whether anything
// did.
func (o *outcome) failed() bool { return o.status >= 500 || o.status == 0 && o.err != nil }

// A record is where a trace takes its notes. It serves one trace after the other;
// owner tells which. A trace that has ended is no owner any more, so that late notes
// of those who still hold it are dropped.
type record struct {
	tracing *Tracing
	handles []Trace // that no request has had

	mu      sync.Mutex
	owner   *Trace // nil after the end
	self    *Trace // the owner, also after the end
	name    string
	kind    trace.SpanKind
	request HTTPRequest  // of a server
	message Message      // of a consumer
	parent  trace.SpanID // the caller's; zero for a root
	sender  traceparent  // of the message; zero for none
	start   time.Time
	entries []entry
	lost    int // entries for which there was no room
	outcome outcome
}

// handle returns a trace that is new. They are never used twice, for a stale one
// could not be told from the next; that they are made many at a time keeps it cheap.
func (r *record) handle() *Trace {
	if len(r.handles) == 0 {
		r.handles = make([]Trace, handlesAtOnce)
	}
	t := &r.handles[0]
	r.handles = r.handles[1:]
	t.record = r
	return t
}

func (r *record) begin(t *Trace, name string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owner, r.self = t, t
	r.name, r.start = name, at
}

// note adds an entry, with more to tell of it if detail is not nil.
func (r *record) note(t *Trace, k kind, name string, from, to time.Time, detail Detail) {
	if r.tracing.sink == nil {
		return
	}
	r.mu.Lock()
	if r.owner == t {
		if e := r.add(); e != nil {
			e.kind, e.name, e.from, e.to, e.detail = k, name, from.Sub(r.start), to.Sub(r.start), detail
		}
	}
	r.mu.Unlock()
}

// call adds the entry of a call that begins.
func (r *record) call(c *Call, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owner != c.trace || r.tracing.sink == nil {
		return
	}
	if e := r.add(); e != nil {
		*e = entry{kind: c.kind, from: at.Sub(r.start), call: c}
		c.open = true
	}
}

// add returns a new entry, or nil if there is no room.
func (r *record) add() *entry {
	if len(r.entries) == maxEntries {
		r.lost++
		return nil
	}
	r.entries = append(r.entries, entry{})
	return &r.entries[len(r.entries)-1]
}

func (r *record) endCall(c *Call, at time.Time, result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owner == c.trace && c.open {
		c.open, c.ended, c.result = false, at, result
	}
}

// end takes the record from its owner, and has it kept, and says so, or used again.
func (r *record) end(t *Trace, o outcome) (kept bool) {
	r.mu.Lock()
	if r.owner != t {
		r.mu.Unlock()
		return false
	}
	r.owner = nil
	r.mu.Unlock() // what follows has it for itself
	r.outcome = o
	if r.outcome.kept = r.verdict(t); r.outcome.kept == "" {
		r.release()
		return false
	}
	return r.tracing.keep(r)
}

// verdict says why a trace is kept, "" if it is not.
func (r *record) verdict(t *Trace) string {
	tr := r.tracing
	switch {
	case tr.sink == nil:
		return ""
	case t.sampled:
		return "sampled"
	case r.outcome.failed():
		return "failed"
	case tr.slow >= 0 && r.outcome.at.Sub(r.start) >= tr.slow:
		return "slow"
	}
	return ""
}

// release lets the record serve another trace.
func (r *record) release() {
	clear(r.entries) // their errors and names are not kept alive
	r.entries = r.entries[:0]
	r.lost, r.self, r.outcome = 0, nil, outcome{}
	r.request, r.message, r.parent, r.sender = HTTPRequest{}, Message{}, trace.SpanID{}, traceparent{}
	r.tracing.records.Put(r)
}
