package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxRepeats is how many records of one kind are written in a second.
	maxRepeats = 20
	// maxRepeated bounds the kinds that are told apart in a second.
	maxRepeated = 256
)

// A quota bounds the records of one kind that are written in a second. Any goroutine
// may use it.
type quota struct {
	plain slog.Handler // writes how many were left out

	mu      sync.Mutex
	began   time.Time // the second
	tallies []tally   // in the order in which the kinds first occurred
	places  map[recordKind]int
}

// A recordKind is what counts as the same record.
type recordKind struct {
	level   slog.Level
	message string
}

type tally struct {
	recordKind
	seen int
}

// admit says whether a record is to be written. If its second is a new one, it first
// writes what was left out in the one before.
func (q *quota) admit(ctx context.Context, r *slog.Record) (admitted bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if since := r.Time.Sub(q.began); since >= time.Second || since < 0 {
		err = q.report(ctx, r.Time)
		q.began, q.tallies, q.places = r.Time, q.tallies[:0], map[recordKind]int{}
	}
	t := q.tally(recordKind{r.Level, r.Message})
	t.seen++
	return t.seen <= maxRepeats, err
}

// tally returns that of a kind; kinds beyond the bound share one of each level.
func (q *quota) tally(k recordKind) *tally {
	if _, ok := q.places[k]; !ok && len(q.tallies) >= maxRepeated {
		k.message = "(other)"
	}
	place, ok := q.places[k]
	if !ok {
		place = len(q.tallies)
		q.places[k] = place
		q.tallies = append(q.tallies, tally{recordKind: k})
	}
	return &q.tallies[place]
}

// report writes a line for each kind of which records were left out.
func (q *quota) report(ctx context.Context, now time.Time) error {
	var errs []error
	for _, t := range q.tallies {
		if t.seen <= maxRepeats {
			continue
		}
		r := slog.NewRecord(now, t.level, "messages were left out", 0)
		r.AddAttrs(slog.String("message", t.message), slog.Int("left_out", t.seen-maxRepeats))
		errs = append(errs, q.plain.Handle(ctx, r))
	}
	return errors.Join(errs...)
}
