package metricstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// Bounds of what is scraped.
const (
	maxSamples = 20_000  // of one scrape
	maxSeries  = 200_000 // in memory
)

// reportNames are the series that each target has beside its own.
var reportNames = [...]string{"up", "scrape_duration_seconds", "scrape_samples_scraped"}

// A series is known to the database by its reference.
type series struct {
	ref    storage.SeriesRef
	labels labels.Labels
	seen   uint64 // the number of the last write that had it
}

// A seriesTable writes the samples of one target, and remembers its series: so that most
// samples need no look at their labels, and that series which are gone can be told to be
// stale. It is for one goroutine.
type seriesTable struct {
	db       *tsdb.DB
	identity labels.Labels
	known    map[string]*series // by the text that the target shows
	families *families
	reports  [len(reportNames)]series
	writes   uint64
	last     int64 // time of the last samples, in milliseconds
}

func newSeriesTable(db *tsdb.DB, identity labels.Labels) *seriesTable {
	t := &seriesTable{db: db, identity: identity, known: map[string]*series{}, families: newFamilies()}
	for i, name := range reportNames {
		t.reports[i].labels = labels.NewBuilder(identity).Set(model.MetricNameLabel, name).Labels()
	}
	return t
}

// write appends the samples of one scrape, and makes the series that are not in it stale. If
// it fails, nothing of the scrape is written.
func (t *seriesTable) write(shown exposition, at time.Time) (samples int, err error) {
	err = t.transact(at, func(b batch) error {
		t.writes++
		if samples, err = t.writeAll(b, shown.parser()); err != nil {
			return err
		}
		return t.dropUnseen(b)
	})
	return samples, err
}

// forget makes all series stale.
func (t *seriesTable) forget(at time.Time) error {
	return t.transact(at, func(b batch) error {
		t.writes++
		return t.dropUnseen(b)
	})
}

// report appends what a scrape was like.
func (t *seriesTable) report(r scrapeReport) error {
	return t.transact(r.at, func(b batch) error {
		for i, v := range r.values() {
			if err := b.append(&t.reports[i], v); err != nil {
				return err
			}
		}
		return nil
	})
}

// leave makes all series stale, reports too.
func (t *seriesTable) leave(at time.Time) error {
	if at.UnixMilli() <= t.last {
		at = time.UnixMilli(t.last + 1)
	}
	return t.transact(at, func(b batch) error {
		t.writes++
		for i := range t.reports {
			if err := b.end(&t.reports[i]); err != nil {
				return err
			}
		}
		return t.dropUnseen(b)
	})
}

func (t *seriesTable) writeAll(b batch, parser textparse.Parser) (samples int, err error) {
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return samples, nil
		case err != nil:
			return samples, fmt.Errorf("after %d samples: %w", samples, err)
		case entry != textparse.EntrySeries:
			t.families.note(entry, parser)
			continue
		case samples == maxSamples:
			return samples, fmt.Errorf("more than %d samples", maxSamples)
		}
		samples++
		if err := t.writeNext(b, parser); err != nil {
			return samples, fmt.Errorf("sample %d: %w", samples, err)
		}
	}
}

// parser returns what reads an exposition.
func (e exposition) parser() textparse.Parser {
	if e.open {
		return textparse.NewOpenMetricsParser(e.text, nil)
	}
	return textparse.NewPromParser(e.text, nil, false)
}

// writeNext appends the sample that the parser is at, and its exemplar if it has one.
func (t *seriesTable) writeNext(b batch, parser textparse.Parser) error {
	text, _, v := parser.Series()
	s := t.known[string(text)]
	if s == nil {
		if t.db.Head().NumSeries() >= maxSeries {
			return fmt.Errorf("the store has no room for more than %d series", maxSeries)
		}
		s = &series{}
		parser.Labels(&s.labels)
		s.labels = withIdentity(s.labels, t.identity)
		t.known[string(text)] = s
	}
	s.seen = t.writes
	var example exemplar.Exemplar
	if parser.Exemplar(&example) {
		return b.appendExemplar(s, v, example)
	}
	return b.append(s, v)
}

// withIdentity adds a target's labels to those of a series. Where the series has one of
// the same name, that is called exported_ as often as it takes.
func withIdentity(own, identity labels.Labels) labels.Labels {
	b := labels.NewBuilder(own)
	identity.Range(func(l labels.Label) {
		shown := own.Get(l.Name)
		b.Set(l.Name, l.Value)
		if shown == "" {
			return
		}
		name := model.ExportedLabelPrefix + l.Name
		for b.Get(name) != "" {
			name = model.ExportedLabelPrefix + name
		}
		b.Set(name, shown)
	})
	return b.Labels()
}

// dropUnseen ends the series that the last write did not have.
func (t *seriesTable) dropUnseen(b batch) error {
	for text, s := range t.known {
		if s.seen == t.writes {
			continue
		}
		delete(t.known, text)
		if err := b.end(s); err != nil {
			return err
		}
	}
	return nil
}

// transact writes samples of one time, all or none of them.
func (t *seriesTable) transact(at time.Time, fill func(batch) error) error {
	b := batch{AppenderV2: t.db.AppenderV2(context.Background()), at: at.UnixMilli()}
	if err := fill(b); err != nil {
		return errors.Join(err, b.Rollback())
	}
	t.last = b.at
	return b.Commit()
}

// A batch is samples of one time that are not in the database yet.
type batch struct {
	storage.AppenderV2
	at int64 // milliseconds
}

func (b batch) append(s *series, v float64) error {
	ref, err := b.Append(s.ref, s.labels, 0, b.at, v, nil, nil, storage.AOptions{})
	if err == nil {
		s.ref = ref
	}
	return err
}

// appendExemplar appends a sample with its exemplar. One that cannot be kept is lost, and its sample is not.
func (b batch) appendExemplar(s *series, v float64, e exemplar.Exemplar) error {
	if !e.HasTs {
		e.Ts = b.at
	}
	ref, err := b.Append(s.ref, s.labels, 0, b.at, v, nil, nil, storage.AOptions{Exemplars: []exemplar.Exemplar{e}})
	if errors.Is(err, &storage.AppendPartialError{}) {
		err = nil
	}
	if err == nil {
		s.ref = ref
	}
	return err
}

// end makes a series stale, if there ever was one.
func (b batch) end(s *series) error {
	if s.ref == 0 {
		return nil
	}
	return b.append(s, math.Float64frombits(value.StaleNaN))
}
