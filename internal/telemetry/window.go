package telemetry

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// windowLength is what one window covers at least; it ends with a turn.
const windowLength = 10 * time.Second

// Delays are counted in microseconds, in buckets that are at most 1/16 of the delay
// wide: the first 16 hold one microsecond each, each further 16 the next power of
// two. The last bucket holds all that is beyond 2^30 µs, some 18 minutes.
const (
	perOctave    = 16
	octaveBits   = 4
	delayBuckets = perOctave * (30 - octaveBits + 1)
)

// Windows are what the last 10 to 20 s of a loop's time were like: one window of that
// much that is over, and one that fills. Only the loop writes; others may read what is
// changing, and then see a part of it.
type windows struct {
	filling atomic.Uint32 // which of the two
	elapsed time.Duration // in that one; the loop's own
	both    [2]window
}

// A window is what some stretch of time was like.
type window struct {
	delays       [delayBuckets]atomic.Uint64
	delay        atomic.Int64 // the most, in ns
	longest      atomic.Int64 // callback, in ns
	active, idle atomic.Int64 // ns
}

func (w *windows) current() *window { return &w.both[w.filling.Load()&1] }

// pass adds the time of a turn, after which the next window may begin. On the loop.
func (w *windows) pass(active, idle time.Duration) {
	if w.elapsed >= windowLength {
		w.turn()
	}
	c := w.current()
	c.active.Add(int64(active))
	c.idle.Add(int64(idle))
	w.elapsed += active + idle
}

// turn begins the next window, in place of the one before the last.
func (w *windows) turn() {
	next := (w.filling.Load() + 1) & 1
	w.both[next].clear()
	w.filling.Store(next)
	w.elapsed = 0
}

func (w *window) clear() {
	for i := range w.delays {
		w.delays[i].Store(0)
	}
	w.delay.Store(0)
	w.longest.Store(0)
	w.active.Store(0)
	w.idle.Store(0)
}

// late counts an event loop delay. On the loop.
func (w *windows) late(d time.Duration) {
	c := w.current()
	c.delays[delayBucket(d)].Add(1)
	raise(&c.delay, int64(d))
}

// raise keeps the higher value, for a single writer.
func raise(highest *atomic.Int64, value int64) {
	if value > highest.Load() {
		highest.Store(value)
	}
}

func delayBucket(d time.Duration) int {
	us := uint64(max(0, d) / time.Microsecond)
	if us < perOctave {
		return int(us)
	}
	octave := bits.Len64(us) - octaveBits - 1 // us>>octave is from 16 to 31
	return min(octave*perOctave+int(us>>octave), delayBuckets-1)
}

// bucketBegin returns the lowest delay of a bucket.
func bucketBegin(i int) time.Duration {
	if i == 0 {
		return 0
	}
	return bucketEnd(i - 1)
}

// bucketEnd returns the delay below which all of a bucket are.
func bucketEnd(i int) time.Duration {
	if i < perOctave {
		return time.Duration(i+1) * time.Microsecond
	}
	octave := i/perOctave - 1
	return time.Duration(i%perOctave+perOctave+1) << octave * time.Microsecond
}

// A spread is how the delays of both windows are spread; all is 0 if there are none. Percentiles
// are at most a sixteenth, or 1 µs, too high, and the lowest is as much too low; the mean and the
// deviation are as if each delay were in the middle of its bucket.
type spread struct {
	lowest, p50, p90, p99, highest time.Duration
	mean, deviation                time.Duration
}

func (w *windows) spread() spread {
	var c delayCounts
	for i := range c {
		c[i] = w.both[0].delays[i].Load() + w.both[1].delays[i].Load()
	}
	total := c.total()
	if total == 0 {
		return spread{}
	}
	s := spread{lowest: c.lowest(), p50: c.quantile(total, .5), p90: c.quantile(total, .9), p99: c.quantile(total, .99), highest: w.highest()}
	s.mean, s.deviation = c.moments(total)
	for _, d := range []*time.Duration{&s.lowest, &s.p50, &s.p90, &s.p99, &s.mean} {
		*d = min(*d, s.highest)
	}
	return s
}

// delayCounts are how many delays are in each bucket.
type delayCounts [delayBuckets]uint64

func (c *delayCounts) total() (n uint64) {
	for _, in := range c {
		n += in
	}
	return n
}

// lowest is where the first bucket begins that is not empty.
func (c *delayCounts) lowest() time.Duration {
	for i, n := range c {
		if n > 0 {
			return bucketBegin(i)
		}
	}
	return 0
}

// quantile is where the bucket ends in which a share of all delays is reached.
func (c *delayCounts) quantile(total uint64, share float64) time.Duration {
	var sum uint64
	for i, n := range c {
		sum += n
		if n > 0 && float64(sum) >= share*float64(total) {
			return bucketEnd(i)
		}
	}
	return 0
}

// moments are the mean and the standard deviation, as if all delays were in the middle of their
// buckets. There is at least one.
func (c *delayCounts) moments(total uint64) (mean, deviation time.Duration) {
	var m, squares float64
	for i, n := range c {
		m += float64(n) / float64(total) * middle(i)
	}
	for i, n := range c {
		squares += float64(n) / float64(total) * (middle(i) - m) * (middle(i) - m)
	}
	return time.Duration(m), time.Duration(math.Sqrt(squares))
}

// middle is that of a bucket, in ns.
func middle(i int) float64 { return float64(bucketBegin(i)+bucketEnd(i)) / 2 }

// utilisation returns the share of time in which the loop was active, from 0 to 1.
func (w *windows) utilisation() float64 {
	active := w.both[0].active.Load() + w.both[1].active.Load()
	idle := w.both[0].idle.Load() + w.both[1].idle.Load()
	if active+idle == 0 {
		return 0
	}
	return float64(active) / float64(active+idle)
}

// highest returns the highest delay.
func (w *windows) highest() time.Duration {
	return time.Duration(max(w.both[0].delay.Load(), w.both[1].delay.Load()))
}

func (w *windows) longest() time.Duration {
	return time.Duration(max(w.both[0].longest.Load(), w.both[1].longest.Load()))
}
