package tracestore

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Bounds of an answer.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// A Filter says which traces are meant: those that have all that it says. Its zero value
// means all.
type Filter struct {
	Service    string            // of a request that a service had
	Name       string            // of that request: the route
	From, To   time.Time         // when the root began: at or after From, before To; zero for no bound
	AtLeast    time.Duration     // how long the root took
	Failed     bool              // a span failed
	Attributes map[string]string // one span has all of them
	Linked     string            // a span has a link to the trace of this id
	Limit      int               // of a Search; 0 means 100, and no more than 1000 are returned
}

// Get returns the trace of an id, 32 hexadecimal digits, and whether there is one. What is
// returned here is not to be changed, maps and slices included.
func (s *Store) Get(id string) (Trace, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.traces[id]
	if e == nil {
		return Trace{}, false
	}
	return e.view(), true
}

// Slowest returns the n traces, no more than 1000, whose roots took longest, the slowest
// first. The Limit of the filter is ignored.
func (s *Store) Slowest(n int, f Filter) []Trace {
	found := s.all(f)
	slices.SortStableFunc(found, func(a, b Trace) int {
		return cmp.Or(cmp.Compare(b.Duration(), a.Duration()), cmp.Compare(a.ID, b.ID))
	})
	return clip(found, max(n, 0))
}

// Search returns the traces that a filter means, the latest first.
func (s *Store) Search(f Filter) []Trace {
	found := s.all(f)
	slices.SortStableFunc(found, func(a, b Trace) int {
		return cmp.Or(b.Root().Start.Compare(a.Root().Start), cmp.Compare(a.ID, b.ID))
	})
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	return clip(found, f.Limit)
}

func clip(traces []Trace, n int) []Trace {
	return slices.Clone(traces[:min(n, maxLimit, len(traces))])
}

func (s *Store) all(f Filter) []Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Trace
	for _, e := range s.entries() {
		if t := e.view(); f.matches(t) {
			found = append(found, t)
		}
	}
	return found
}

// entries returns all traces, the oldest first, under the lock.
func (s *Store) entries() []*entry {
	return slices.SortedFunc(maps.Values(s.traces), func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
}

// view returns the trace as it is now. The spans of an earlier view stay as they were:
// they are sorted in a new place.
func (e *entry) view() Trace {
	if !e.sorted {
		e.trace.Spans = slices.Clone(e.trace.Spans)
		sortSpans(e.trace.Spans)
		e.sorted = true
	}
	t := e.trace
	t.Spans = slices.Clip(t.Spans)
	return t
}

func (f Filter) matches(t Trace) bool {
	root := t.Root()
	return !root.Start.Before(f.From) &&
		(f.To.IsZero() || root.Start.Before(f.To)) &&
		t.Duration() >= f.AtLeast &&
		(!f.Failed || t.Failed()) &&
		(len(f.Attributes) == 0 || slices.ContainsFunc(t.Spans, f.hasAttributes)) &&
		(f.Linked == "" || slices.ContainsFunc(t.Spans, f.isLinked)) &&
		(f.Service == "" && f.Name == "" || slices.ContainsFunc(t.requests(), f.isOf))
}

// isOf says whether a request is one that the filter means.
func (f Filter) isOf(request Span) bool {
	return (f.Service == "" || request.Service == f.Service) && (f.Name == "" || request.Name == f.Name)
}

func (f Filter) isLinked(s Span) bool {
	return slices.ContainsFunc(s.Links, func(to Link) bool { return to.Trace == f.Linked })
}

func (f Filter) hasAttributes(s Span) bool {
	for key, value := range maps.All(f.Attributes) {
		if have, ok := s.Attributes[key]; !ok || have != value {
			return false
		}
	}
	return true
}
