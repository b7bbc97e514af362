package tracestore

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxLine bounds a trace as text, in bytes.
const maxLine = 64 << 20

// Write writes traces as JSON, one a line.
func Write(w io.Writer, traces []Trace) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	for _, t := range traces {
		if err := encoder.Encode(t); err != nil {
			return fmt.Errorf("tracestore: trace %s: %w", t.ID, err)
		}
	}
	return buffered.Flush()
}

// Read reads what Write wrote, trace by trace, and gives each to take; an error of that
// ends the reading. The error names the line.
func Read(r io.Reader, take func(Trace) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		t, err := parseTrace(lines.Bytes())
		if err == nil {
			err = take(t)
		}
		if err != nil {
			return fmt.Errorf("tracestore: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("tracestore: %w", err)
	}
	return nil
}

// parseTrace is strict: members that it does not know, and traces that no store would hold,
// are errors.
func parseTrace(line []byte) (Trace, error) {
	var t Trace
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return Trace{}, err
	}
	if decoder.More() {
		return Trace{}, errors.New("more than one trace")
	}
	return t, t.check()
}

func (t Trace) check() error {
	if !isID(t.ID, 16) {
		return fmt.Errorf("id: %.40q is not 32 hexadecimal digits", t.ID)
	}
	if len(t.Spans) == 0 {
		return errors.New("spans: none")
	}
	for i, s := range t.Spans {
		switch {
		case !isID(s.ID, 8):
			return fmt.Errorf("spans: %d: id: %.40q is not 16 hexadecimal digits", i, s.ID)
		case s.Parent != "" && !isID(s.Parent, 8):
			return fmt.Errorf("spans: %d: parent: %.40q is not 16 hexadecimal digits", i, s.Parent)
		case slices.ContainsFunc(s.Links, Link.isMalformed):
			return fmt.Errorf("spans: %d: links: not 32 and 16 hexadecimal digits", i)
		case s.End.Before(s.Start):
			return fmt.Errorf("spans: %d: it ends before it starts", i)
		}
		if err := s.checkBounds(); err != nil {
			return fmt.Errorf("spans: %d: %w", i, err)
		}
	}
	return nil
}

// checkBounds holds a span against what decode cuts off.
func (s Span) checkBounds() error {
	switch {
	case max(len(s.Service), len(s.Name), len(s.Error)) > maxText:
		return fmt.Errorf("service, name or error: more than %d bytes", maxText)
	case len(s.Events) > maxEvents:
		return fmt.Errorf("events: more than %d", maxEvents)
	case len(s.Links) > maxLinks:
		return fmt.Errorf("links: more than %d", maxLinks)
	}
	if err := checkAttributes(s.Attributes); err != nil {
		return err
	}
	for i, e := range s.Events {
		if len(e.Name) > maxText {
			return fmt.Errorf("events: %d: name: more than %d bytes", i, maxText)
		}
		if err := checkAttributes(e.Attributes); err != nil {
			return fmt.Errorf("events: %d: %w", i, err)
		}
	}
	return nil
}

func checkAttributes(attributes map[string]string) error {
	if len(attributes) > maxAttributes {
		return fmt.Errorf("attributes: more than %d", maxAttributes)
	}
	for key, value := range attributes {
		if max(len(key), len(value)) > maxText {
			return fmt.Errorf("attributes: %.40q: more than %d bytes", key, maxText)
		}
	}
	return nil
}

func (l Link) isMalformed() bool { return !isID(l.Trace, 16) || !isID(l.Span, 8) }

func isID(s string, bytes int) bool {
	id, err := hex.DecodeString(s)
	return err == nil && len(id) == bytes && hex.EncodeToString(id) == s
}

// Export writes all traces, the oldest first, in the format of Write.
func (s *Store) Export(w io.Writer) error { return Write(w, s.snapshot()) }

func (s *Store) snapshot() []Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	traces := make([]Trace, 0, s.stats.Traces)
	for _, e := range s.entries() {
		traces = append(traces, e.view())
	}
	return traces
}

// Import adds the traces that Export or Write wrote, within the bounds of the store. At an
// error, which names the line, the traces before it have been added.
func (s *Store) Import(r io.Reader) error {
	return Read(r, func(t Trace) error {
		spans := make([]received, len(t.Spans))
		for i, span := range t.Spans {
			spans[i] = received{trace: t.ID, span: span}
		}
		s.add(spans)
		s.mu.Lock()
		defer s.mu.Unlock()
		if e := s.traces[t.ID]; e != nil {
			e.trace.Dropped += max(t.Dropped, 0)
		}
		return nil
	})
}
