package metricstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/compression"
)

// ErrClosed is what a store answers from Close on.
var ErrClosed = errors.New("metricstore: the store is closed")

// errFull is why nothing more is written.
var errFull = errors.New("the store is full")

// Sizes of a database that is small beside a server's.
const (
	walSegment = 8 << 20 // bytes
	stripes    = 512     // of the table of series, each with a lock
	minBlock   = time.Minute
	maxBlock   = 30 * time.Minute
)

// A Store scrapes targets, keeps what they show, and answers questions about it. Any
// goroutine may call its methods.
type Store struct {
	config Config
	db     *tsdb.DB
	engine *promql.Engine
	slots  chan struct{} // one for each query under way

	ctx    context.Context // done from Close on
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // who uses the database; none is added once closed

	fleet *fleet
	ruler *ruler
}

// Open opens the store of a folder, makes good what a crash left behind there, and begins
// to scrape and to evaluate rules. End it with Close.
func Open(c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	book, err := newRuleBook(c.Rules)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("metricstore: %w", err)
	}
	db, err := tsdb.Open(c.Dir, slog.New(warnings{c.Log.Handler()}), nil, c.databaseOptions(), nil)
	if err != nil {
		return nil, fmt.Errorf("metricstore: %s: %w", c.Dir, err)
	}
	s := &Store{config: c, db: db, engine: newEngine(c), slots: make(chan struct{}, maxQueries), fleet: newFleet(c, db)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.ruler, err = newRuler(s.ctx, book, s.engine, sink{db, s.fleet.full.Load}, c.Log); err != nil {
		s.cancel()
		return nil, errors.Join(fmt.Errorf("metricstore: rules: %w", err), db.Close())
	}
	s.users.Go(func() { s.fleet.run(s.ctx) })
	return s, nil
}

func (c Config) databaseOptions() *tsdb.Options {
	o := tsdb.DefaultOptions()
	block := min(max(c.Retention/8, minBlock), maxBlock)
	o.RetentionDuration = c.Retention.Milliseconds()
	o.MinBlockDuration = block.Milliseconds()
	o.MaxBlockDuration = block.Milliseconds()
	o.MaxBytes = c.MaxBytes
	o.WALSegmentSize = walSegment
	o.WALCompression = compression.Snappy
	o.StripeSize = stripes
	o.HeadChunksWriteBufferSize = chunks.MinWriteBufferSize
	o.EnableExemplarStorage = c.Exemplars > 0
	o.MaxExemplars = int64(c.Exemplars)
	return o
}

// use takes hold of the database, unless it is closed; done gives it back. The context
// ends with that of the caller and with the store.
func (s *Store) use(caller context.Context) (ctx context.Context, done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	s.users.Add(1)
	ctx, cancel := context.WithCancel(caller)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel(); s.users.Done() }, nil
}

// Close ends scrapes, queries and rules, waits for them, and closes the database. Only the first
// call does anything.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if !first {
		return nil
	}
	s.cancel()
	s.ruler.stop()
	s.users.Wait()
	s.fleet.fetcher.close()
	if err := errors.Join(s.engine.Close(), s.db.Close()); err != nil {
		return fmt.Errorf("metricstore: %s: %w", s.config.Dir, err)
	}
	return nil
}

// Snapshot writes all that is in the store, up to the last scrape, into a folder that must
// be empty or not there. Open reads it.
func (s *Store) Snapshot(dir string) error {
	_, done, err := s.use(context.Background())
	if err != nil {
		return err
	}
	defer done()
	if err := s.snapshot(dir); err != nil {
		return fmt.Errorf("metricstore: snapshot: %w", err)
	}
	return nil
}

func (s *Store) snapshot(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	return s.db.Snapshot(dir, true)
}

// Status says how the last scrape of each target went, sorted by labels.
func (s *Store) Status() []Status { return s.fleet.status() }
