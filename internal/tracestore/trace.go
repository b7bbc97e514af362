package tracestore

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Trace is one request's way through the services, as far as its spans have come.
type Trace struct {
	ID      string `json:"id"`    // 32 hexadecimal digits
	Spans   []Span `json:"spans"` // at least one: the root first, then by start
	Dropped int    `json:"dropped,omitempty"`
}

// A Span is one stretch of a trace. What is waited for has a name that begins with "wait ",
// what is worked on with "work ", and an attempt of a call with "call ".
type Span struct {
	ID         string            `json:"id"`               // 16 hexadecimal digits
	Parent     string            `json:"parent,omitempty"` // "" if nobody called
	Service    string            `json:"service"`
	Name       string            `json:"name"`
	Start      time.Time         `json:"start"`
	End        time.Time         `json:"end"` // not before Start
	Attributes map[string]string `json:"attributes,omitempty"`
	Events     []Event           `json:"events,omitempty"`
	Links      []Link            `json:"links,omitempty"`
	Error      string            `json:"error,omitempty"` // "error" if it failed and did not say why
	Dropped    int               `json:"dropped,omitempty"`
}

// An Event is something that happened during a span.
type Event struct {
	Name       string            `json:"name"`
	At         time.Time         `json:"at"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// String returns the name, and what else there is to tell, as in "refused reason=open".
func (e Event) String() string {
	text := e.Name
	for _, key := range slices.Sorted(maps.Keys(e.Attributes)) {
		text += " " + strings.TrimPrefix(key, "brownout.") + "=" + e.Attributes[key]
	}
	return text
}

// A Link leads to a span of another trace that this one comes from, as an event comes from an order.
type Link struct {
	Trace string `json:"trace"` // 32 hexadecimal digits
	Span  string `json:"span"`  // 16 hexadecimal digits
}

// Root returns the span that no other of the trace called.
func (t Trace) Root() Span { return t.Spans[0] }

// Duration returns how long the root took.
func (t Trace) Duration() time.Duration { return t.Root().Duration() }

// requests are the spans of what services were asked: those that no other span of the same service
// called.
func (t Trace) requests() []Span {
	services := make(map[string]string, len(t.Spans)) // by id
	for _, s := range t.Spans {
		services[s.ID] = s.Service
	}
	var all []Span
	for _, s := range t.Spans {
		if caller, there := services[s.Parent]; !there || caller != s.Service {
			all = append(all, s)
		}
	}
	return all
}

// Failed says whether a span of the trace failed.
func (t Trace) Failed() bool { return slices.ContainsFunc(t.Spans, Span.failed) }

// Duration returns how long a span took.
func (s Span) Duration() time.Duration { return s.End.Sub(s.Start) }

func (s Span) failed() bool { return s.Error != "" }

// sortSpans puts the root first, and the others in the order of their start.
func sortSpans(spans []Span) {
	slices.SortStableFunc(spans, earlier)
	if i := rootOf(spans); i > 0 {
		root := spans[i]
		copy(spans[1:i+1], spans[:i])
		spans[0] = root
	}
}

// rootOf returns the place of the first span whose parent is not there; in a circle, that
// of the first.
func rootOf(spans []Span) int {
	ids := make(map[string]bool, len(spans))
	for i := range spans {
		ids[spans[i].ID] = true
	}
	return max(0, slices.IndexFunc(spans, func(s Span) bool { return !ids[s.Parent] }))
}

func earlier(a, b Span) int {
	return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End), cmp.Compare(a.ID, b.ID))
}

// What a trace, a span and an entry of a map take beside their text, about.
const (
	traceBytes = 300
	spanBytes  = 250
	entryBytes = 64
)

// size reckons the memory that a span takes, in bytes.
func (s Span) size() int {
	n := spanBytes + len(s.ID) + len(s.Parent) + len(s.Service) + len(s.Name) + len(s.Error) + sizeOf(s.Attributes)
	n += len(s.Links) * entryBytes
	for _, e := range s.Events {
		n += entryBytes + len(e.Name) + sizeOf(e.Attributes)
	}
	return n
}

func sizeOf(attributes map[string]string) (n int) {
	for key, value := range attributes {
		n += entryBytes + len(key) + len(value)
	}
	return n
}
