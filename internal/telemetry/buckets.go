package telemetry

// durationBuckets are the bounds, in seconds, of the histograms of durations: 0.5 ms
// to 10 s, two or three to each factor of ten. The service's timeouts are among them.
func durationBuckets() []float64 {
	return []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 10}
}
