package wire

import (
	"encoding/hex"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

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
