package telemetry

import (
	"math"
	"time"
)

// The buckets of a native histogram: eight to each factor of two, so that one ends at most a tenth beyond where it
// begins, for all from about a microsecond (2⁻²⁰ s) to about an hour (2¹² s).
const (
	nativeSchema    = 3 // 2³ buckets to each factor of two
	perPower        = 1 << nativeSchema
	nativeThreshold = 1.0 / (1 << 20) // seconds: what is no longer has a bucket of its own, around zero
	nativeFirst     = -20*perPower + 1
	nativeLast      = 12 * perPower // and all that is longer
	nativeBuckets   = nativeLast - nativeFirst + 1
)

// eighths are where the buckets within a factor of two end, but for the last of them: 2^(k/8 - 1).
var eighths = [...]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// nativeBucket is the number of the bucket of a duration, as Prometheus counts them: bucket k ends at 2^(k/8) s, and
// that end is in it. A duration that is too short for one has none.
func nativeBucket(d time.Duration) (k int, any bool) {
	seconds := d.Seconds()
	if seconds <= nativeThreshold {
		return 0, false
	}
	fraction, exponent := math.Frexp(seconds) // from 0.5 on, and below 1
	k = (exponent - 1) * perPower
	for _, end := range eighths {
		if fraction <= end {
			break
		}
		k++
	}
	return min(k, nativeLast), true
}

// durationBounds are the upper bounds of the classic buckets of durations: 0.5 ms to 10 s, two or three to each factor
// of ten. The service's timeouts are among them.
func durationBounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{
		500 * time.Microsecond, ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 300 * ms, 500 * ms, 750 * ms,
		1000 * ms, 1500 * ms, 2000 * ms, 3000 * ms, 5000 * ms, 10_000 * ms,
	}
}

// Growing returns the upper bounds of n classic buckets: first, and then each by a factor beyond the one before.
func Growing(first time.Duration, factor float64, n int) []time.Duration {
	bounds := make([]time.Duration, n)
	for i := range bounds {
		bounds[i] = time.Duration(math.Round(float64(first) * math.Pow(factor, float64(i))))
	}
	return bounds
}
