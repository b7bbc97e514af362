package service

import (
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// A Service is what a package under services/ makes for a host or a simulation to
// run.
type Service struct {
	// Routes are what it answers.
	Routes []Route
	// Background is what it does unasked, as long as it runs.
	Background []Background
	// Unready says why it can answer nobody yet, "" if it can; nil is always "". Any goroutine
	// may call it.
	Unready func() string
}

// A Route is one kind of request.
type Route struct {
	// Name is the route's in metrics and traces.
	Name string
	// Method and Pattern say which requests it takes. In a pattern such as
	// /v1/orders/{id}/refund, a name in braces stands for one segment.
	Method, Pattern string
	// Handle answers.
	Handle Handler
	// Timeout is what a request may take whose caller names no deadline; 0 means
	// that of the service.
	Timeout time.Duration
	// Patience is how long its clients wait for an answer that is of use to them: an answer that
	// takes longer is no goodput. 0 means that goodput is not counted.
	Patience time.Duration
	// Importance says who goes first when not all can be served.
	Importance resilience.Importance
	// Finishes says that it ends, or helps to end, what another request has begun. It is
	// begun however long it had to wait, as long as its time is not over: to refuse it
	// would leave more undone than it spares.
	Finishes bool
	// MaxBody bounds the request's body in bytes; 0 means that it must be empty.
	MaxBody int
	// Answer is how many bytes an answer may well have, if that is many: they are
	// reserved before the request is begun.
	Answer int

	segments []string // of the pattern; "" for a parameter
	params   []string // the names of the parameters, in order
}

// Background is work that a service does unasked.
type Background struct {
	// Name is the task's.
	Name string
	// Every is the pause between two runs; with 0, Run is expected to go on until
	// it is cancelled, and is begun again after a pause if it fails.
	Every time.Duration
	// Run does the work. Its error is logged.
	Run func(t *loop.Task) error
}

// maxParams bounds the parameters of a pattern.
const maxParams = 2
