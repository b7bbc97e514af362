package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/pool"
)

// other is the label of whatever would make one series too many.
const other = "other"

// maxClasses bounds the classes that have series of their own; a pool has no more.
const maxClasses = 64

var _ pool.Observer = (*PoolMetrics)(nil)

// PoolMetrics are the metrics of a worker pool. It is a pool.Observer, and Watch
// shows it the pool itself, which is made with it. Any goroutine may call its methods.
type PoolMetrics struct {
	wait, run *Histograms
	dropped   *prometheus.CounterVec
	watched   *poolCollector
	classes   table[string, *classMetrics]
}

// classMetrics are the metrics of one class.
type classMetrics struct {
	wait, run *Histogram
	dropped   prometheus.Counter
}

// NewPoolMetrics makes the metrics of a pool. With a nil registerer they count, but
// nobody sees it.
func NewPoolMetrics(reg prometheus.Registerer) *PoolMetrics {
	const label = "class"
	return &PoolMetrics{
		wait: NewHistograms(reg, "pool_wait_seconds", "How long jobs waited for a worker.", nil, label),
		run:  NewHistograms(reg, "pool_run_seconds", "How long jobs kept their worker.", nil, label),
		dropped: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pool_dropped_total", Help: "Jobs whose context was done before a worker took them.",
		}, []string{label})),
		watched: register(reg, newPoolCollector()),
	}
}

// Watch has the state of the pool collected from now on, in place of that of any
// other.
func (m *PoolMetrics) Watch(p *pool.Pool) { m.watched.pool.Store(p) }

// JobDone implements pool.Observer.
func (m *PoolMetrics) JobDone(class string, wait, run time.Duration) {
	c := m.class(class)
	c.wait.Observe(wait)
	c.run.Observe(run)
}

// JobDropped implements pool.Observer.
func (m *PoolMetrics) JobDropped(class string, wait time.Duration, _ error) {
	c := m.class(class)
	c.wait.Observe(wait)
	c.dropped.Inc()
}

func (m *PoolMetrics) class(name string) *classMetrics {
	if c, ok := m.classes.find(name); ok {
		return c
	}
	return m.classes.add(name, other, maxClasses, func(name string) *classMetrics {
		return &classMetrics{m.wait.Of(name), m.run.Of(name), m.dropped.WithLabelValues(name)}
	})
}

// A poolCollector collects the state of a pool when asked.
type poolCollector struct {
	pool                     atomic.Pointer[pool.Pool] // nil before Watch
	workers, idle, nested    *prometheus.Desc
	share, running, queued   *prometheus.Desc
	oldest, refused, expired *prometheus.Desc
}

func newPoolCollector() *poolCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pool_"+name, help, labels, nil)
	}
	return &poolCollector{
		workers: describe("workers", "Workers of the pool."),
		idle:    describe("idle_workers", "Workers that run no job."),
		nested:  describe("nested_workers", "Workers that wait for a job of their own pool."),
		share:   describe("share_workers", "Workers that the class may hold at once.", "class"),
		running: describe("running_jobs", "Jobs of the class that run.", "class"),
		queued:  describe("queued_jobs", "Jobs of the class that wait.", "class"),
		oldest:  describe("oldest_wait_seconds", "How long the first job in the queue has waited.", "class"),
		refused: describe("refused_total", "Jobs that were refused, the queue being full.", "class"),
		expired: describe("expired_total", "Jobs that were dropped unstarted, as the pool counts them.", "class"),
	}
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.workers, c.idle, c.nested, c.share, c.running, c.queued, c.oldest, c.refused, c.expired} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(to chan<- prometheus.Metric) {
	p := c.pool.Load()
	if p == nil {
		return
	}
	s := p.Stats()
	gauge(to, c.workers, float64(s.Workers))
	gauge(to, c.idle, float64(s.Idle))
	gauge(to, c.nested, float64(s.Nested))
	for _, class := range s.Classes {
		c.collectClass(to, class)
	}
}

func (c *poolCollector) collectClass(to chan<- prometheus.Metric, s pool.ClassStats) {
	gauge(to, c.share, float64(s.Share), s.Name)
	gauge(to, c.running, float64(s.Running), s.Name)
	gauge(to, c.queued, float64(s.Queued), s.Name)
	gauge(to, c.oldest, s.Oldest.Seconds(), s.Name)
	counter(to, c.refused, float64(s.Refused), s.Name)
	counter(to, c.expired, float64(s.Expired), s.Name)
}
