package telemetry

import "time"

// A Trace is the record of one request.
type Trace struct{}

// ID returns the trace id.
func (t *Trace) ID() string { return "" }

// Sampled says whether the trace is kept in any case.
func (t *Trace) Sampled() bool { return false }

// Wait notes a stretch of waiting.
func (t *Trace) Wait(name string, from, to time.Time) {}

// Work notes a stretch of work.
func (t *Trace) Work(name string, from, to time.Time) {}

// Event notes a moment.
func (t *Trace) Event(name string, at time.Time) {}

// End ends the trace.
func (t *Trace) End(at time.Time, status int, err error) {}

// Call begins one attempt of a call to another service.
func (t *Trace) Call(name string, at time.Time) *Call { return nil }

// A Call is one attempt of a call to another service.
type Call struct{}

// Traceparent returns the header to send along.
func (c *Call) Traceparent() string { return "" }

// End ends the call.
func (c *Call) End(at time.Time, err error) {}
