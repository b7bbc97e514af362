package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The bounds of a native histogram. With factor 1.1 a bucket ends at most a tenth beyond where it
// begins; 160 of them reach from 10 µs to 10 s.
const (
	nativeFactor  = 1.1
	nativeBuckets = 160       // for more, they begin anew or become wider
	nativeReset   = time.Hour // is between two new beginnings, at least
)

// durationBuckets are the bounds, in seconds, of the histograms of durations: 0.5 ms
// to 10 s, two or three to each factor of ten. The service's timeouts are among them.
func durationBuckets() []float64 {
	return []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 10}
}

// Durations are the options of a histogram of durations, in seconds: a native one, for those who
// ask in the format that has them, with classic buckets beside it, for all others.
func Durations(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: durationBuckets(),
		NativeHistogramBucketFactor:     nativeFactor,
		NativeHistogramMaxBucketNumber:  nativeBuckets,
		NativeHistogramMinResetDuration: nativeReset,
	}
}
