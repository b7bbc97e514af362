package telemetry

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// exampleLabel is the label of examples: the id of a trace.
const exampleLabel = "trace_id"

// A Histogram counts durations twice: in the classic buckets of its family, and in those of a native histogram, which
// are finer. Both are arrays, so that to observe a duration takes three additions, and to show the classic ones
// no more than to write their numbers down. Any goroutine may call its methods.
type Histogram struct {
	family *Histograms
	values []string // of its labels
	lines  histogramLines
	began  time.Time

	native   [nativeBuckets]atomic.Uint64 // from bucket nativeFirst on
	shortest atomic.Uint64                // that have no native bucket
	classic  []atomic.Uint64              // one for each bound of the family, and one for what is beyond them
	examples []atomic.Pointer[example]    // of the classic buckets
	sum      atomic.Int64                 // ns
}

// An example is a duration whose trace is kept.
type example struct {
	trace string
	took  time.Duration
	at    time.Time
}

func newHistogram(family *Histograms, values []string) *Histogram {
	buckets := len(family.bounds) + 1
	return &Histogram{
		family: family, values: slices.Clone(values), lines: family.linesOf(values), began: time.Now(),
		classic: make([]atomic.Uint64, buckets), examples: make([]atomic.Pointer[example], buckets),
	}
}

// Observe counts a duration; one that is less than 0 counts as 0, and to a native histogram all that
// is longer than an hour is one bucket.
func (h *Histogram) Observe(d time.Duration) { h.count(max(d, 0), 1) }

// ObserveMany is Observe for so many of the same duration, or none.
func (h *Histogram) ObserveMany(d time.Duration, times int64) { h.count(max(d, 0), uint64(times)) }

// ObserveTraced is Observe for what has a trace that is kept: who sees how long it took finds that.
func (h *Histogram) ObserveTraced(d time.Duration, t *Trace) {
	d = max(d, 0)
	h.examples[h.count(d, 1)].Store(&example{trace: t.ID(), took: d, at: time.Now()})
}

// count counts a duration so many times, and returns its classic bucket. That is counted last; see Write.
func (h *Histogram) count(d time.Duration, times uint64) (bucket int) {
	if k, any := nativeBucket(d); any {
		h.native[k-nativeFirst].Add(times)
	} else {
		h.shortest.Add(times)
	}
	h.sum.Add(int64(d) * int64(times))
	bucket, _ = slices.BinarySearch(h.family.bounds, d)
	h.classic[bucket].Add(times)
	return bucket
}

// Desc implements prometheus.Metric.
func (h *Histogram) Desc() *prometheus.Desc { return h.family.desc }

// Write implements prometheus.Metric. What is observed meanwhile is in the native histogram if it is in a classic
// bucket, so that none of those has more than all have together.
func (h *Histogram) Write(to *dto.Metric) error {
	buckets := h.buckets()
	shortest := h.shortest.Load()
	count, native := shortest, map[int]int64{}
	for i := range h.native {
		if n := h.native[i].Load(); n > 0 {
			native[nativeFirst+i] = int64(n)
			count += n
		}
	}
	m, err := prometheus.NewConstNativeHistogram(h.family.desc, count, seconds(&h.sum), native, nil, shortest, nativeSchema, nativeThreshold, h.began, h.values...)
	if err == nil {
		err = m.Write(to)
	}
	if err != nil {
		return err
	}
	if e := h.examples[len(buckets)].Load(); e != nil { // the last bucket is shown for its example only
		buckets = append(buckets, &dto.Bucket{UpperBound: new(math.Inf(1)), CumulativeCount: new(count), Exemplar: e.message()})
	}
	to.Histogram.Bucket = buckets
	for _, b := range buckets {
		if b.Exemplar != nil {
			to.Histogram.Exemplars = append(to.Histogram.Exemplars, b.Exemplar)
		}
	}
	return nil
}

// buckets are the classic ones that have a bound.
func (h *Histogram) buckets() []*dto.Bucket {
	all := make([]*dto.Bucket, len(h.family.bounds))
	count := uint64(0)
	for i, bound := range h.family.bounds {
		count += h.classic[i].Load()
		all[i] = &dto.Bucket{UpperBound: new(bound.Seconds()), CumulativeCount: new(count), Exemplar: h.examples[i].Load().message()}
	}
	return all
}

// message is nil for no example.
func (e *example) message() *dto.Exemplar {
	if e == nil {
		return nil
	}
	return &dto.Exemplar{
		Label: []*dto.LabelPair{{Name: new(exampleLabel), Value: new(e.trace)}},
		Value: new(e.took.Seconds()), Timestamp: timestamppb.New(e.at),
	}
}
