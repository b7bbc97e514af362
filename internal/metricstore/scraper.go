package metricstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// A Status is how the last scrape of a target went.
type Status struct {
	Labels  map[string]string // of all its series, job and instance among them
	URL     string
	At      time.Time // when it was scraped; zero if it was not yet
	Took    time.Duration
	Up      bool
	Error   string // why it is not up
	Samples int    // that the scrape brought
}

// A scraper scrapes one target, on a goroutine of its own.
type scraper struct {
	fleet    *fleet
	stop     context.CancelCauseFunc
	identity labels.Labels
	target   atomic.Pointer[Target] // URL and token may change; labels do not
	series   *seriesTable           // for the goroutine of the scraper
	log      *slog.Logger

	mu     sync.Mutex
	status Status
}

// run scrapes once an interval. Scrapers begin at different times within the first, so
// that they do not all scrape at once.
func (s *scraper) run(ctx context.Context) {
	defer s.leave(ctx)
	interval := s.fleet.config.Interval
	select {
	case <-ctx.Done():
		return
	case <-time.After(time.Duration(s.identity.Hash() % uint64(interval))):
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		s.scrape(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// scrape writes what the target shows. A scrape that ends because the scraper does is
// none.
func (s *scraper) scrape(ctx context.Context) {
	target := *s.target.Load()
	at := time.Now()
	report := scrapeReport{at: at}
	if at.UnixMilli() <= s.series.last {
		report.err = errors.New("the clock does not go on")
		s.note(target.URL, report)
		return
	}
	report.samples, report.err = s.ingest(ctx, target, at)
	if ctx.Err() != nil {
		return
	}
	report.took = time.Since(at)
	if err := s.series.report(report); err != nil {
		report.err = errors.Join(report.err, err)
	}
	s.note(target.URL, report)
}

// ingest fetches the target's answer and writes its samples; if there is no such answer,
// its series are stale.
func (s *scraper) ingest(ctx context.Context, target Target, at time.Time) (samples int, err error) {
	shown, err := s.fetch(ctx, target)
	if err == nil {
		samples, err = s.series.write(shown, at)
	}
	if err != nil && ctx.Err() == nil {
		err = errors.Join(err, s.series.forget(at))
	}
	return samples, err
}

func (s *scraper) fetch(ctx context.Context, target Target) (exposition, error) {
	if s.fleet.full.Load() {
		return exposition{}, errFull
	}
	return s.fleet.fetcher.get(ctx, target)
}

// leave makes the series of what is no target any more stale. At the end of the store
// they are not: it may be opened again in a moment.
func (s *scraper) leave(ctx context.Context) {
	if !errors.Is(context.Cause(ctx), errRemoved) {
		return
	}
	if err := s.series.leave(time.Now()); err != nil {
		s.log.Warn("metricstore: end of a target", "err", err)
	}
}

// note keeps how a scrape went, and logs when that is another way than the one before.
func (s *scraper) note(url string, r scrapeReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.status
	s.status = Status{Labels: was.Labels, URL: url, At: r.at, Took: r.took, Up: r.err == nil, Samples: r.samples}
	switch {
	case r.err != nil && (was.Up || was.At.IsZero()):
		s.log.Warn("metricstore: target is down", "url", url, "err", r.err)
	case r.err == nil && !was.Up:
		s.log.Info("metricstore: target is up", "url", url)
	}
	if r.err != nil {
		s.status.Error = r.err.Error()
	}
}

func (s *scraper) lastStatus() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// A scrapeReport is what is written of a scrape beside what it brought.
type scrapeReport struct {
	at      time.Time
	took    time.Duration
	samples int
	err     error
}

// values returns the samples of a report, in the order of reportNames.
func (r scrapeReport) values() [len(reportNames)]float64 {
	up := 1.0
	if r.err != nil {
		up = 0
	}
	return [...]float64{up, r.took.Seconds(), float64(r.samples)}
}
