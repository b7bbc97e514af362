package proxy

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pieceBytes bounds a piece.
const pieceBytes = 32 << 10

// A flow carries what one end of a connection sends to the other. One goroutine reads; it also
// delivers, unless there are toxics: then another one takes what it has read from a queue.
type flow struct {
	connection *connection
	direction  Direction
	from, to   Conn
	queue      *queue // nil as long as the reader delivers
	bytes      prometheus.Counter
}

// run carries pieces, of which the first may be known, until there are no more.
func (f *flow) run(first ...Piece) {
	defer f.direct()
	for _, p := range first {
		if !f.send(p) {
			return
		}
	}
	buffer := make([]byte, pieceBytes)
	for {
		n, err := f.from.Read(buffer)
		if n > 0 && !f.send(Piece{Data: buffer[:n]}) {
			return
		}
		if err != nil {
			f.end(err)
			return
		}
	}
}

// end carries the news that one end sends no more.
func (f *flow) end(err error) {
	if f.direction == Requests {
		f.connection.left.Store(true)
	}
	last := Piece{Mark: Close}
	if !errors.Is(err, io.EOF) {
		last.Mark = Reset
	}
	f.send(last)
}

// send carries a piece, and says whether more may follow.
func (f *flow) send(p Piece) bool {
	if !f.connection.link.harms(f.direction) {
		return f.direct() && f.done(f.deliver(p))
	}
	if f.queue == nil {
		f.queue = newQueue()
		go f.drain(f.queue)
	}
	p.Came, p.Data = time.Now(), bytes.Clone(p.Data)
	return f.queue.put(f.connection.life, p)
}

// direct lets the reader deliver again, when all that was queued has been, and says whether it was: it was
// not if the connection is lost.
func (f *flow) direct() bool {
	if f.queue == nil {
		return true
	}
	f.queue.finish()
	f.queue = nil
	return f.connection.life.Err() == nil
}

// drain is the goroutine that delivers what is queued, through the toxics that there are at the time.
func (f *flow) drain(q *queue) {
	defer close(q.empty)
	for p := range q.pieces {
		next := through(f.connection.link.toxics(), f, p, f.deliver)
		if !f.done(next(p)) {
			return
		}
		q.free(p)
	}
}

// done loses the connection if an error has happened, and says whether none has.
func (f *flow) done(err error) bool {
	if err != nil {
		f.connection.reset()
	}
	return err == nil
}

// deliver does at the other end what a piece says.
func (f *flow) deliver(p Piece) error {
	switch p.Mark {
	case Open:
		return f.connection.open()
	case Close:
		return f.to.CloseWrite()
	case Reset:
		return errReset
	}
	n, err := f.to.Write(p.Data)
	f.bytes.Add(float64(n))
	return err
}

var errReset = errors.New("the sender has reset the connection")
