package metricstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// answerSeries lists the series that selectors select: /api/v1/series.
func (s *Store) answerSeries(ctx context.Context, r *request) error {
	if len(r.form["match[]"]) == 0 {
		return &failure{badData, errors.New("no match[] parameter provided")}
	}
	return s.list(ctx, r, func(from storage.Querier, l lookup) error {
		set := l.series(ctx, from)
		found := []map[string]string{}
		for len(found) <= l.limit && set.Next() {
			found = append(found, set.At().Labels().Map())
		}
		if err := set.Err(); err != nil {
			return err
		}
		found, notes := truncated(found, l.limit, set.Warnings())
		r.sendValue(found, notes)
		return nil
	})
}

// answerLabels lists the names of labels: /api/v1/labels.
func (s *Store) answerLabels(ctx context.Context, r *request) error {
	return s.listNames(ctx, r, func(from storage.Querier, hints *storage.LabelHints, selector []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return from.LabelNames(ctx, hints, selector...)
	})
}

// answerLabelValues lists the values of a label: /api/v1/label/{name}/values.
func (s *Store) answerLabelValues(ctx context.Context, r *request) error {
	if !model.UTF8Validation.IsValidLabelName(r.name) || len(r.name) > maxLabelLength {
		return &failure{badData, fmt.Errorf("invalid label name: %.256q", r.name)}
	}
	return s.listNames(ctx, r, func(from storage.Querier, hints *storage.LabelHints, selector []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return from.LabelValues(ctx, r.name, hints, selector...)
	})
}

// A lookup says what is to be listed.
type lookup struct {
	from, to  int64 // milliseconds
	limit     int
	selectors [][]*labels.Matcher // any of them; all if there are none
}

// lookup reads one.
func (r *request) lookup() (l lookup, err error) {
	if l.from, l.to, err = r.between(); err != nil {
		return l, err
	}
	if l.limit, err = r.limit("limit", maxListed); err != nil {
		return l, err
	}
	l.selectors, err = r.selectors()
	return l, err
}

// list has fn list what is in the database, when there is a slot for it.
func (s *Store) list(ctx context.Context, r *request, fn func(storage.Querier, lookup) error) error {
	l, err := r.lookup()
	if err != nil {
		return err
	}
	free, err := s.slot(ctx)
	if err != nil {
		return err
	}
	defer free()
	querier, err := s.db.Querier(l.from, l.to)
	if err != nil {
		return err
	}
	defer querier.Close()
	return fn(querier, l)
}

// series returns those that any of the selectors selects, each once.
func (l lookup) series(ctx context.Context, from storage.Querier) storage.SeriesSet {
	hints := &storage.SelectHints{Start: l.from, End: l.to, Func: "series", Limit: l.limit + 1} // a name that wants no samples
	sets := make([]storage.SeriesSet, len(l.selectors))
	for i, selector := range l.selectors {
		sets[i] = from.Select(ctx, true, hints, selector...)
	}
	return storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
}

// A finder finds names, for one selector.
type finder func(storage.Querier, *storage.LabelHints, []*labels.Matcher) ([]string, annotations.Annotations, error)

// listNames answers with the names that a function finds for any of the selectors, sorted, each once.
func (s *Store) listNames(ctx context.Context, r *request, find finder) error {
	return s.list(ctx, r, func(from storage.Querier, l lookup) error {
		if len(l.selectors) == 0 {
			l.selectors = [][]*labels.Matcher{nil}
		}
		names, notes := map[string]bool{}, annotations.Annotations{}
		for _, selector := range l.selectors {
			found, more, err := find(from, &storage.LabelHints{Limit: l.limit + 1}, selector)
			if err != nil {
				return err
			}
			notes = notes.Merge(more)
			for _, name := range found {
				names[name] = true
			}
		}
		sorted, notes := truncated(slices.Sorted(maps.Keys(names)), l.limit, notes)
		r.sendValue(sorted, notes)
		return nil
	})
}
