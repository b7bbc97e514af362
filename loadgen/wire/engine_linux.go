package wire

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// Supported says whether there are engines on this system.
const Supported = true

const (
	maxBurst    = 64                     // requests that are sent before answers are looked at
	maxOpened   = 4                      // connections that are opened before
	fewOpen     = 64                     // connections with which the kernel can be asked for many events at a time
	dense       = 25 * time.Microsecond  // between requests: to wait for less costs more than to send one
	patience    = 80 * time.Microsecond  // for which dense requests wait for each other, and all for a connection to come free
	maxPause    = 100 * time.Millisecond // for which nothing is looked at: the kernel may be late by a thousandth of a wait
	idleTimeout = 4 * time.Second        // below what servers allow, so that no request meets a closed connection
	readBuffer  = 64 << 10               // bytes that are received at once
)

// An Engine sends the load of a Config, once. It is a loadgen.Engine. All that it does is done by one goroutine.
type Engine struct {
	config  Config
	source  source
	poller  *poller
	servers []server
	best    int    // of servers: which was reached last, or comes after one that was not
	request []byte // with the ids of the one that was written last
	in      []byte // what was received last
	names   names

	start  time.Time
	tell   func(*evidence.Sample)
	sample evidence.Sample // the last
	open   bool            // more requests will be due
	last   time.Duration   // when the last one was
	held   bool            // the next one is due, and has no connection
	calm   bool            // nothing had happened when answers were looked at last
	course loadgen.Course

	conns    []*conn // by slot
	vacant   []*conn // those that are closed
	idle     list    // the one that was used last is in front
	busy     list    // by deadline
	inFlight int     // of them
	seq      int64   // of the next request
}

// NewEngine returns the engine of a load.
func NewEngine(c Config) *Engine {
	e := &Engine{
		config:  c.withDefaults(),
		request: slices.Clone(c.Target.request),
		in:      make([]byte, readBuffer),
		open:    true,
		calm:    true,
	}
	e.source = e.config.source()
	e.course = loadgen.Course{Clients: c.Clients}
	return e
}

// Send looks the server up, once, and sends the load from then on; see loadgen.Engine. An error says that the server is
// not found, or that the kernel gives no means.
func (e *Engine) Send(ctx context.Context, tell func(*evidence.Sample)) (loadgen.Course, error) {
	e.tell = tell
	addresses, err := e.config.Target.resolve(ctx)
	if err != nil {
		return loadgen.Course{}, err
	}
	for _, address := range addresses {
		e.servers = append(e.servers, serverAt(address))
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()                             // for good: the thread ends with the goroutine, and with it
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // that its timers are not late by 50 µs
		err = e.run(ctx)
	}()
	<-ended
	return e.course, err
}

func (e *Engine) run(ctx context.Context) (err error) {
	if e.poller, err = newPoller(); err != nil {
		return err
	}
	defer e.poller.close()
	rung := make(chan struct{})
	silence := context.AfterFunc(ctx, func() {
		defer close(rung)
		e.poller.ring()
	})
	e.start = time.Now()
	for e.turn(ctx) {
	}
	if !silence() {
		<-rung
	}
	for _, c := range e.conns {
		if c.state != closed {
			e.hangUp(c)
		}
	}
	return nil
}

// clock is the time since the start.
func (e *Engine) clock() time.Duration { return time.Since(e.start) }

// turn does what is to be done now and waits for more. It says whether there will be any.
func (e *Engine) turn(ctx context.Context) bool {
	if e.open && ctx.Err() != nil {
		e.open, e.course.Length = false, e.clock()
	}
	e.fire(maxBurst, e.mayOpen())
	e.expire(e.clock())
	if !e.open && e.inFlight == 0 {
		return false
	}
	events := e.poller.wait(e.pause())
	e.calm = len(events) == 0
	for i := range events {
		e.handle(&events[i])
		e.fire(1, 0)
	}
	return true
}

// mayOpen is how many connections may be opened now. As long as answers come, or would if they were waited for a little, what
// is due waits for a connection that comes free: to open many others would make it later still, and more so where the server
// stands still for some milliseconds and has to take them all then. Clients have a connection each.
func (e *Engine) mayOpen() int {
	switch {
	case e.config.Clients > 0:
		return maxBurst
	case e.calm:
		return maxOpened
	case e.inFlight < fewOpen:
		return 1
	}
	return 0
}

// pause is how long nothing is to be done but for answers.
func (e *Engine) pause() time.Duration {
	now := e.clock()
	return e.wake(now) - now
}

// wake is until when nothing is to be done but for answers.
func (e *Engine) wake(now time.Duration) time.Duration {
	wake := now + maxPause
	if e.open {
		due, more := e.source.next(now)
		if !more {
			return now
		}
		if e.held || due > now && due-e.last < dense {
			due = max(due, now+patience)
		}
		wake = min(wake, due)
	}
	if c := e.busy.front; c != nil {
		wake = min(wake, c.deadline)
	}
	if c := e.idle.back; c != nil {
		wake = min(wake, c.since+idleTimeout)
	}
	return wake
}

// fire sends requests that are due, so many at most, and so many on new connections.
func (e *Engine) fire(most, opened int) {
	e.held = false
	for ; most > 0 && e.open; most-- {
		now := e.clock()
		due, more := e.source.next(now)
		if !more {
			e.open, e.course.Length, e.course.Complete = false, e.config.length(), true
			return
		}
		if due > now {
			return
		}
		if e.idle.front == nil && e.inFlight < e.config.MaxInFlight {
			if opened == 0 {
				e.held = true
				return
			}
			opened--
		}
		e.last = due
		e.source.fired()
		e.send(e.shot(due, now))
	}
}

// shot is the next request.
func (e *Engine) shot(due, now time.Duration) shot {
	s := shot{seq: e.seq, due: due, left: now, deadline: due + e.config.Timeout}
	e.seq++
	binary.NativeEndian.PutUint64(s.trace[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(s.trace[8:], rand.Uint64())
	binary.NativeEndian.PutUint64(s.parent[:], rand.Uint64())
	return s
}

// send sends a request on a connection that is idle, or on a new one.
func (e *Engine) send(s shot) {
	c := e.idle.front
	switch {
	case s.left >= s.deadline || c == nil && e.inFlight >= e.config.MaxInFlight:
		sample := e.sampleOf(&s)
		sample.Sent, sample.Outcome, sample.Error = time.Time{}, evidence.Unsent, loadgen.FailureLate
		e.end(sample, s.left)
	case c != nil:
		e.take(c, s)
		e.transmit(c)
	default:
		c = e.vacancy()
		e.take(c, s)
		c.server, c.tried = e.best, 0
		e.connect(c)
	}
}
