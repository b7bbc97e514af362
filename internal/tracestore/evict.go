package tracestore

import (
	"cmp"
	"container/list"
	"slices"
)

const (
	// batchShare is the part of the recent traces that makes room at a time, and slowShare the
	// part of those that is put by for having been slow: one of so many each.
	batchShare, slowShare = 20, 20
	// shelfShare is the part of all room that traces may have which failed, and that slow ones may.
	shelfShare = 4
)

// A shelf holds traces, the oldest first.
type shelf struct {
	entries list.List // of *entry
	bytes   int
}

// A place is where an entry is.
type place struct {
	shelf   *shelf
	element *list.Element
}

func (f *shelf) put(e *entry) {
	e.place = place{f, f.entries.PushBack(e)}
	f.bytes += e.bytes
}

// take takes the oldest n, which must be there, off the shelf.
func (f *shelf) take(n int) []*entry {
	taken := make([]*entry, n)
	for i := range taken {
		taken[i] = f.entries.Remove(f.entries.Front()).(*entry)
		f.bytes -= taken[i].bytes
	}
	return taken
}

// evict makes room by the oldest of the recent traces, a batch at a time. Of a batch, those that
// failed and the slowest are put by, until others of their kind need the room: by the time at which
// a trace makes room, all of it has come, and what it is like is known.
func (s *Store) evict() {
	for s.stats.Traces > s.config.MaxTraces || s.stats.Bytes > s.config.MaxBytes {
		n := s.recent.entries.Len()
		s.putBy(s.recent.take(min(n, max(1, n/batchShare))))
		s.trim(&s.failed)
		s.trim(&s.slow)
	}
}

// putBy keeps the traces of a batch that are worth it.
func (s *Store) putBy(batch []*entry) {
	slow := slowest(batch, len(batch)/slowShare)
	for _, e := range batch {
		switch {
		case e.failed:
			s.failed.put(e)
		case slices.Contains(slow, e):
			s.slow.put(e)
		default:
			s.forget(e)
		}
	}
}

// slowest are up to n of a batch that took longest, of those that did not fail.
func slowest(batch []*entry, n int) []*entry {
	ranked := slices.DeleteFunc(slices.Clone(batch), func(e *entry) bool { return e.failed })
	slices.SortStableFunc(ranked, func(a, b *entry) int { return cmp.Compare(b.longest, a.longest) })
	return ranked[:min(n, len(ranked))]
}

// trim keeps what was put by within its share of the room.
func (s *Store) trim(f *shelf) {
	for f.entries.Len() > s.config.MaxTraces/shelfShare || f.bytes > s.config.MaxBytes/shelfShare {
		s.forget(f.take(1)[0])
	}
}

// forget drops a trace that is on no shelf any more.
func (s *Store) forget(e *entry) {
	delete(s.traces, e.trace.ID)
	s.stats.Traces--
	s.stats.Spans -= len(e.trace.Spans)
	s.stats.Bytes -= e.bytes
	s.stats.Evicted++
}
