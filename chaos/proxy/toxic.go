package proxy

import (
	"slices"
	"sync"
	"time"
)

// A Direction is the one in which a flow goes.
type Direction string

// The directions. Both is for toxics only: a flow has one.
const (
	Requests Direction = "requests" // from the client to the upstream
	Replies  Direction = "replies"  // from the upstream to the client
	Both     Direction = "both"
)

// A Piece is what a flow carries as one.
type Piece struct {
	// Data are bytes as they were read; none for a Mark.
	Data []byte
	// Mark says what the piece means, if it is not data.
	Mark Mark
	// Came is when the piece was read, or when the last toxic was done with it.
	Came time.Time
}

// A Mark is a piece without data.
type Mark int

// The marks.
const (
	Data  Mark = iota // no mark
	Open              // the first piece of the requests: connects to the upstream
	Close             // the last piece: no more follows in this direction
	Reset             // the last piece: the sender has reset the connection
)

// Next hands a piece to the toxic that follows, or delivers it. An error says that the connection
// is lost; there is nothing to do then but to return it.
type Next func(Piece) error

// A Toxic is what a fault does to a link. It may act on pieces, on whole connections, or both.
type Toxic struct {
	// Direction is that of the flows whose pieces it acts on.
	Direction Direction
	// Pass is given the pieces in their order, and hands each to next: when it likes, and
	// in one part or many. Nil means that it does not act on pieces.
	Pass func(t *Transit, p Piece, next Next) error
	// Spares says which pieces it does no harm to: they are not hits. Nil means none.
	Spares func(Piece) bool
	// Strike is called once for each connection: those that there are when the toxic is applied,
	// and those that come, before they are opened. It returns at once.
	Strike func(t *Transit)
	// Hits decides about each connection, when the toxic first meets it, and is told of each
	// further hit on it. Nil means that all are hit.
	Hits Hits
}

// Hits decides and counts what a toxic hits.
type Hits interface {
	// Hits says whether a connection is hit, and counts it if so.
	Hits() bool
	// Hit counts one more hit.
	Hit()
}

// A Transit is a toxic at work on a connection.
type Transit struct {
	// Direction is that of the flow; "" for Strike.
	Direction  Direction
	applied    *applied
	connection *connection
}

// Until waits until a time has come, and says whether it has: a toxic that is removed and a
// connection that is lost end the wait at once.
func (t *Transit) Until(when time.Time) bool {
	wait := time.Until(when)
	if wait <= 0 {
		return !t.ended()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.applied.removed:
	case <-t.connection.life.Done():
	}
	return false
}

func (t *Transit) ended() bool {
	select {
	case <-t.applied.removed:
		return true
	case <-t.connection.life.Done():
		return true
	default:
		return false
	}
}

// End waits until the toxic is removed or the connection is lost.
func (t *Transit) End() {
	select {
	case <-t.applied.removed:
	case <-t.connection.life.Done():
	}
}

// Left says whether the client is known to have closed its end.
func (t *Transit) Left() bool { return t.connection.left.Load() }

// Reset loses the connection: both ends see a TCP reset.
func (t *Transit) Reset() { t.connection.reset() }

// An applied toxic knows which connections it acts on.
type applied struct {
	Toxic
	removed chan struct{}

	mu      sync.Mutex
	decided map[*connection]bool
}

// hits says whether the toxic acts on a connection, and counts it if so.
func (a *applied) hits(c *connection) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	hit, known := a.decided[c]
	switch {
	case !known:
		hit = a.Hits == nil || a.Hits.Hits()
		a.decided[c] = hit
	case hit && a.Hits != nil:
		a.Hits.Hit()
	}
	return hit
}

func (a *applied) forget(c *connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.decided, c)
}

func (a *applied) strike(c *connection) {
	if a.hits(c) {
		a.Strike(&Transit{applied: a, connection: c})
	}
}

// meets says whether pieces in a direction pass the toxic.
func (a *applied) meets(d Direction) bool {
	return a.Pass != nil && (a.Direction == d || a.Direction == Both)
}

// through returns a Next that leads through toxics, in their order, to a last one.
func through(toxics []*applied, f *flow, p Piece, last Next) Next {
	for _, a := range slices.Backward(toxics) {
		if !a.meets(f.direction) || a.Spares != nil && a.Spares(p) || !a.hits(f.connection) {
			continue
		}
		next, t := last, &Transit{f.direction, a, f.connection}
		last = func(p Piece) error { return a.Pass(t, p, next) }
	}
	return last
}
