package metricstore

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/tsdb"
)

// errRemoved ends the scraping of what is no target any more.
var errRemoved = errors.New("not a target any more")

// How often the size of the database is looked at.
const weighEvery = 5 * time.Second

// A fleet is the scrapers of a store: one for each target that there is right now.
type fleet struct {
	config  Config
	db      *tsdb.DB
	fetcher *fetcher
	full    atomic.Bool // no room for more samples on disk
	weighed time.Time

	mu       sync.Mutex
	scrapers map[string]*scraper // by identity
	refused  map[string]bool     // what the log was told of the targets that were refused at last

	running sync.WaitGroup
}

func newFleet(c Config, db *tsdb.DB) *fleet {
	return &fleet{config: c, db: db, fetcher: newFetcher(c), scrapers: map[string]*scraper{}, refused: map[string]bool{}}
}

// run keeps one scraper a target until ctx is done, and returns when all have ended.
func (f *fleet) run(ctx context.Context) {
	defer f.running.Wait()
	ticker := time.NewTicker(f.config.Interval)
	defer ticker.Stop()
	for {
		f.weigh(time.Now())
		f.update(ctx, f.config.Targets())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// weigh looks whether the database has room. Its old blocks make room by themselves; what
// was scraped last cannot.
func (f *fleet) weigh(now time.Time) {
	if now.Sub(f.weighed) < weighEvery {
		return
	}
	f.weighed = now
	full := f.db.Head().Size() >= f.config.MaxBytes
	if was := f.full.Swap(full); full && !was {
		f.config.Log.Warn("metricstore: full", "dir", f.config.Dir, "max_bytes", f.config.MaxBytes)
	}
}

// update starts, changes and ends scrapers so that there is one for each target.
func (f *fleet) update(ctx context.Context, targets []Target) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := f.admit(targets)
	for id, s := range f.scrapers {
		if _, ok := wanted[id]; !ok {
			s.stop(errRemoved)
			delete(f.scrapers, id)
		}
	}
	for id, t := range wanted {
		if s := f.scrapers[id]; s != nil {
			s.target.Store(&t)
		} else {
			f.scrapers[id] = f.start(ctx, t)
		}
	}
}

// admit returns the targets that can be scraped, by identity, and logs the others once.
func (f *fleet) admit(targets []Target) map[string]Target {
	wanted, refused := map[string]Target{}, map[string]bool{}
	for _, t := range targets {
		reason, id := "", ""
		if err := t.check(); err != nil {
			reason = err.Error()
		} else if id = t.identity().String(); len(wanted) == maxTargets {
			reason = "there are too many targets"
		} else if _, twice := wanted[id]; twice {
			reason = "another target has the same labels"
		}
		if reason == "" {
			wanted[id] = t
			continue
		}
		what := t.Job + "\n" + t.URL + "\n" + reason
		if len(refused) < maxTargets && !f.refused[what] {
			f.config.Log.Warn("metricstore: target refused", "job", t.Job, "url", t.URL, "reason", reason)
		}
		if len(refused) < maxTargets {
			refused[what] = true
		}
	}
	f.refused = refused
	return wanted
}

func (f *fleet) start(ctx context.Context, t Target) *scraper {
	ctx, stop := context.WithCancelCause(ctx)
	identity := t.identity()
	s := &scraper{
		fleet: f, stop: stop, identity: identity, series: newSeriesTable(f.db, identity),
		log: f.config.Log.With(slog.String("target", identity.String())),
	}
	s.target.Store(&t)
	s.status = Status{Labels: identity.Map(), URL: t.URL}
	f.running.Go(func() { s.run(ctx) })
	return s
}

func (f *fleet) status() []Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Status, 0, len(f.scrapers))
	for _, id := range slices.SortedFunc(maps.Keys(f.scrapers), strings.Compare) {
		all = append(all, f.scrapers[id].lastStatus())
	}
	return all
}
