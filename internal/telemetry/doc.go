// Package telemetry is how services are seen from outside: traces that tell waiting
// from working, metrics of loops, pools, requests and calls, and a log that does not
// flood.
package telemetry
