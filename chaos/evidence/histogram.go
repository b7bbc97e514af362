package evidence

import (
	"maps"
	"math"
	"slices"
	"time"
)

// A Histogram counts latencies in buckets whose bounds grow by 2 %, so that what it says is
// within 1 % of the truth from a microsecond to an hour. The zero value is empty.
type Histogram struct {
	Counts map[int]int64 `json:"counts,omitempty"` // by the bucket's number; see bucketOf
}

const growth = 1.02 // of one bucket's bound over the one before

// bucketOf returns the number of a latency's bucket: n holds what is longer than growth^(n-1)
// microseconds, up to growth^n.
func bucketOf(d time.Duration) int {
	us := min(max(float64(d)/float64(time.Microsecond), 1), float64(time.Hour/time.Microsecond))
	return int(math.Ceil(math.Log(us) / math.Log(growth)))
}

// middle is the latency that a bucket stands for.
func middle(bucket int) time.Duration {
	return time.Duration(math.Pow(growth, float64(bucket)-0.5) * float64(time.Microsecond))
}

// Add counts a latency.
func (h *Histogram) Add(d time.Duration) {
	if h.Counts == nil {
		h.Counts = map[int]int64{}
	}
	h.Counts[bucketOf(d)]++
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(other Histogram) {
	if h.Counts == nil {
		h.Counts = map[int]int64{}
	}
	for bucket, n := range other.Counts {
		h.Counts[bucket] += n
	}
}

// Count is how many latencies were added.
func (h Histogram) Count() (n int64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile returns the latency that a share q of all, from 0 to 1, does not exceed; 0 if
// there is none.
func (h Histogram) Quantile(q float64) time.Duration {
	rank := max(int64(math.Ceil(q*float64(h.Count()))), 1)
	for _, bucket := range slices.Sorted(maps.Keys(h.Counts)) {
		if rank -= h.Counts[bucket]; rank <= 0 {
			return middle(bucket)
		}
	}
	return 0
}
