package wire

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
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

// vacancy returns a place for a new connection.
func (e *Engine) vacancy() *conn {
	if last := len(e.vacant) - 1; last >= 0 {
		c := e.vacant[last]
		e.vacant = e.vacant[:last]
		return c
	}
	c := &conn{slot: int32(len(e.conns)), socket: -1}
	e.conns = append(e.conns, c)
	return c
}

// take gives a request to a connection that is idle, or that will be.
func (e *Engine) take(c *conn, s shot) {
	e.leave(c)
	c.state, c.shot, c.sent = busy, s, 0
	c.answer.begin(e.config.Target.ofHead)
	e.busy.pushBack(c)
	e.inFlight++
}

// leave takes a connection off the list that it is on.
func (e *Engine) leave(c *conn) {
	switch c.state {
	case idle:
		e.idle.remove(c)
	case connecting, busy:
		e.busy.remove(c)
		e.inFlight--
	}
}

// hangUp closes a connection.
func (e *Engine) hangUp(c *conn) {
	e.leave(c)
	e.closeSocket(c)
	c.state = closed
	e.vacant = append(e.vacant, c)
}

func (e *Engine) closeSocket(c *conn) {
	if c.socket >= 0 {
		_ = unix.Close(c.socket)
		c.socket = -1
		c.generation++
	}
}

// rest keeps a connection for a later request.
func (e *Engine) rest(c *conn, now time.Duration) {
	e.leave(c)
	c.state, c.since = idle, now
	e.idle.pushFront(c)
}

// connect begins to connect a connection that has a request, to the first server that does not refuse it at once.
func (e *Engine) connect(c *conn) {
	c.state = connecting
	for {
		socket, err := e.servers[c.server].connect()
		if err == nil {
			c.socket = socket
			if err = e.poller.add(socket, c.slot, c.generation); err == nil {
				return // an event will come, at once if it is connected by now
			}
			e.closeSocket(c)
		}
		if !e.another(c) {
			e.fail(c, err)
			return
		}
	}
}

// another chooses another server for a connection that could not be made, if there is one that was not tried.
func (e *Engine) another(c *conn) bool {
	c.tried++
	c.server = (c.server + 1) % len(e.servers)
	return c.tried < len(e.servers)
}

// connected goes on with a connection that was made, or could not be.
func (e *Engine) connected(c *conn) {
	err := connectionError(c.socket)
	switch {
	case err == nil:
		e.best, c.state = c.server, busy
		e.transmit(c)
	case e.another(c):
		e.closeSocket(c)
		e.connect(c)
	default:
		e.fail(c, err)
	}
}

// expire gives up what has waited for too long.
func (e *Engine) expire(now time.Duration) {
	for c := e.busy.front; c != nil && c.deadline <= now; c = e.busy.front {
		if c.state == connecting && c.server == e.best { // it takes no connections: the next one may
			e.best = (e.best + 1) % len(e.servers)
		}
		e.fail(c, os.ErrDeadlineExceeded)
	}
	for c := e.idle.back; c != nil && c.since+idleTimeout <= now; c = e.idle.back {
		e.hangUp(c)
	}
}

// handle goes on where something has happened.
func (e *Engine) handle(event *unix.EpollEvent) {
	if event.Fd == bellSlot {
		return // the turn that follows looks why it rings
	}
	c := e.conns[event.Fd]
	if c.generation != event.Pad {
		return
	}
	const (
		ends  = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
		comes = unix.EPOLLIN | ends
	)
	switch {
	case c.state == connecting:
		e.connected(c)
	case c.state == idle && event.Events&comes != 0: // it ends, or says what nobody has asked for
		e.hangUp(c)
	case c.state == busy && event.Events&unix.EPOLLOUT != 0 && c.sent < len(e.request):
		e.transmit(c)
	}
	if c.state == busy && event.Events&comes != 0 {
		e.read(c, event.Events&ends != 0)
	}
}

// transmit sends what is left of a connection's request, as far as it is taken.
func (e *Engine) transmit(c *conn) {
	e.sign(&c.shot)
	for c.sent < len(e.request) {
		n, err := send(c.socket, e.request[c.sent:])
		switch err {
		case 0:
			c.sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			return
		default:
			e.salvage(c, err)
			return
		}
	}
}

// salvage ends a request of which the connection takes no more: with its answer, if that has come all the same (RFC 9112,
// section 9.5), or for that reason.
func (e *Engine) salvage(c *conn, why error) {
	for !c.answer.whole() {
		n, err := receive(c.socket, e.in)
		if err == unix.EINTR {
			continue
		}
		if err != 0 || n == 0 {
			e.fail(c, why)
			return
		}
		if _, failed := c.answer.feed(e.in[:n]); failed != nil {
			e.fail(c, failed)
			return
		}
	}
	e.finish(c, false)
}

// sign writes the ids of a request into the bytes of all.
func (e *Engine) sign(s *shot) {
	value := e.request[e.config.Target.trace:]
	hex.Encode(value, s.trace[:])
	hex.Encode(value[toParent:], s.parent[:])
}

// read takes what has come of a connection's answer. If the connection ends, so does the answer.
func (e *Engine) read(c *conn, ends bool) {
	for {
		n, err := receive(c.socket, e.in)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return
		case err != 0:
			e.fail(c, err)
			return
		case n == 0:
			e.readEnd(c)
			return
		}
		used, failed := c.answer.feed(e.in[:n])
		drained := n < len(e.in) && !ends // or more may be there, of which there would be no event
		switch {
		case failed != nil:
			e.fail(c, failed)
			return
		case c.answer.whole():
			e.finish(c, used == n && drained)
			return
		case drained:
			return
		}
	}
}

// readEnd takes the end of a connection.
func (e *Engine) readEnd(c *conn) {
	if c.answer.hangUp() {
		e.finish(c, false)
	} else {
		e.fail(c, io.ErrUnexpectedEOF)
	}
}

// finish ends a request that has its answer. If the connection is sound, it may serve another one.
func (e *Engine) finish(c *conn, sound bool) {
	now := e.clock()
	if now > c.deadline {
		e.fail(c, os.ErrDeadlineExceeded)
		return
	}
	a, sample := &c.answer, e.sampleOf(&c.shot)
	sample.Latency, sample.Bytes = now-c.due, a.size
	sample.Status, sample.Outcome = a.status, evidence.OutcomeOf(a.status)
	sample.Error = loadgen.ErrorOf(a.status, a.body)
	if sound && a.persists() && c.sent == len(e.request) {
		e.rest(c, now)
	} else {
		e.hangUp(c)
	}
	e.end(sample, now)
}

// fail ends a request that has no answer, and its connection.
func (e *Engine) fail(c *conn, err error) {
	now, sample := e.clock(), e.sampleOf(&c.shot)
	sample.Latency, sample.Outcome, sample.Error = now-c.due, evidence.Unknown, loadgen.FailureOf(err)
	e.hangUp(c)
	e.end(sample, now)
}

// sampleOf returns the sample of a request, as far as that is known when it leaves.
func (e *Engine) sampleOf(s *shot) *evidence.Sample {
	e.sample = evidence.Sample{
		Seq:      s.seq,
		Route:    e.config.Target.route,
		Intended: e.start.Add(s.due),
		Sent:     e.start.Add(s.left),
	}
	if e.config.TraceIDs {
		e.sample.TraceID = e.names.of(s.trace)
	}
	return &e.sample
}

// end tells of a request that has ended.
func (e *Engine) end(sample *evidence.Sample, now time.Duration) {
	e.tell(sample)
	e.source.ended(now, sample.Outcome == evidence.Acknowledged)
}

// names makes the names of traces, many of them of one piece of memory.
type names struct{ text strings.Builder }

const (
	nameLength  = 32       // hexadecimal digits
	pieceLength = 16 << 10 // bytes of a piece
)

func (n *names) of(id [nameLength / 2]byte) string {
	if n.text.Cap()-n.text.Len() < nameLength {
		n.text = strings.Builder{}
		n.text.Grow(pieceLength)
	}
	var digits [nameLength]byte
	hex.Encode(digits[:], id[:])
	from := n.text.Len()
	_, _ = n.text.Write(digits[:]) // which never fails
	return n.text.String()[from:]
}
