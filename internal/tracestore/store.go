package tracestore

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// What a Config gets for zero values.
const (
	DefaultMaxTraces = 10_000
	DefaultMaxBytes  = 64 << 20
	DefaultMaxSpans  = 512
)

// A Config bounds a store. Zero values mean the defaults.
type Config struct {
	MaxTraces int
	MaxBytes  int // as reckoned; the process takes about that
	MaxSpans  int // of one trace
}

// Stats says what is in a store, and what is not any more.
type Stats struct {
	Traces  int   `json:"traces"`
	Spans   int   `json:"spans"`
	Bytes   int   `json:"bytes"`   // as reckoned
	Taken   int64 `json:"taken"`   // spans that came
	Evicted int64 `json:"evicted"` // traces that made room for others
	Dropped int64 `json:"dropped"` // spans beyond MaxSpans
	Refused int64 `json:"refused"` // bodies that were malformed, too large or one too many
}

// A Store holds the latest traces, and of those before them the ones that failed and the slowest. Any
// goroutine may call its methods.
type Store struct {
	config  Config
	reading chan struct{} // one for each body that is being read

	decoding sync.Mutex // so that one body at a time is large in memory

	mu     sync.Mutex
	traces map[string]*entry // by id
	recent shelf
	failed shelf // put by from recent
	slow   shelf // likewise
	came   int64 // traces so far
	stats  Stats
}

// An entry is a trace in the store.
type entry struct {
	trace   Trace
	number  int64 // in the order in which they came
	sorted  bool
	bytes   int
	failed  bool          // a span did
	longest time.Duration // of a span
	place
}

// New returns an empty store. It fails if a bound is negative.
func New(c Config) (*Store, error) {
	for _, bound := range []struct {
		name  string
		value *int
		zero  int
	}{{"MaxTraces", &c.MaxTraces, DefaultMaxTraces}, {"MaxBytes", &c.MaxBytes, DefaultMaxBytes}, {"MaxSpans", &c.MaxSpans, DefaultMaxSpans}} {
		if *bound.value < 0 {
			return nil, fmt.Errorf("tracestore: %s: %d is negative", bound.name, *bound.value)
		}
		if *bound.value == 0 {
			*bound.value = bound.zero
		}
	}
	return &Store{config: c, reading: make(chan struct{}, maxReading), traces: map[string]*entry{}}, nil
}

// Stats returns what is in the store.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// add puts spans into their traces, and returns how many it had to drop.
func (s *Store) add(spans []received) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range spans {
		if !s.addSpan(r) {
			dropped++
		}
	}
	s.stats.Taken += int64(len(spans))
	s.stats.Dropped += int64(dropped)
	return dropped
}

// addSpan adds a span, unless its trace is full. One that came before, as it does when the
// answer to it was lost, is there already.
func (s *Store) addSpan(r received) bool {
	e := s.entry(r.trace)
	if slices.ContainsFunc(e.trace.Spans, func(have Span) bool { return have.ID == r.span.ID }) {
		return true
	}
	if len(e.trace.Spans) >= s.config.MaxSpans {
		e.trace.Dropped++
		return false
	}
	e.trace.Spans = append(e.trace.Spans, r.span)
	e.sorted, e.failed, e.longest = false, e.failed || r.span.failed(), max(e.longest, r.span.Duration())
	s.stats.Spans++
	s.grow(e, r.span.size())
	s.evict()
	return true
}

// entry returns the trace of an id, a new one if there is none.
func (s *Store) entry(id string) *entry {
	if e := s.traces[id]; e != nil {
		return e
	}
	s.came++
	e := &entry{trace: Trace{ID: id}, number: s.came}
	s.traces[id] = e
	s.recent.put(e)
	s.stats.Traces++
	s.grow(e, traceBytes)
	return e
}

func (s *Store) grow(e *entry, bytes int) {
	e.bytes += bytes
	e.shelf.bytes += bytes
	s.stats.Bytes += bytes
}
