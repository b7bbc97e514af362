package proxy

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
)

// A Conn is one end of a connection, as [net.TCPConn] is.
type Conn interface {
	io.ReadWriteCloser
	// CloseWrite tells the other end that no more follows.
	CloseWrite() error
	// SetLinger(0) makes Close reset the connection.
	SetLinger(seconds int) error
}

// A connection is one that passes a link.
type connection struct {
	link              *Link
	life              context.Context // ends when the connection is lost or over
	end               context.CancelFunc
	requests, replies flow
	replying          sync.WaitGroup
	left              atomic.Bool // the client has closed its end

	mu   sync.Mutex
	ends []Conn
	lost bool
}

func newConnection(l *Link, client Conn) *connection {
	c := &connection{link: l, ends: []Conn{client}}
	c.life, c.end = context.WithCancel(context.Background())
	c.requests = flow{connection: c, direction: Requests, from: client, bytes: l.requestBytes}
	c.replies = flow{connection: c, direction: Replies, to: client, bytes: l.replyBytes}
	return c
}

// run carries the connection until both directions have ended.
func (c *connection) run() {
	c.requests.run(Piece{Mark: Open})
	c.replying.Wait()
	c.close()
}

// open connects to the upstream; from then on there are replies. It is called by whoever delivers the
// requests.
func (c *connection) open() error {
	ctx, cancel := context.WithTimeout(c.life, openTime)
	defer cancel()
	upstream, err := c.link.dial(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) {
		c.link.refuse()
	}
	if err != nil {
		return err
	}
	if !c.add(upstream) {
		return errReset
	}
	c.requests.to, c.replies.from = upstream, upstream
	c.replying.Go(func() { c.replies.run() })
	return nil
}

// add remembers an end, or, if the connection is lost already, closes it.
func (c *connection) add(end Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost {
		closeHard(end)
		return false
	}
	c.ends = append(c.ends, end)
	return true
}

// reset loses the connection, unless it is over: both ends see a TCP reset.
func (c *connection) reset() { c.finish(closeHard) }

// close ends a connection of which both ends have closed their directions.
func (c *connection) close() { c.finish(func(end Conn) { _ = end.Close() }) }

func (c *connection) finish(each func(Conn)) {
	c.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost {
		return
	}
	c.lost = true
	for _, end := range c.ends {
		each(end)
	}
}

// closeHard closes an end with a TCP reset. Nobody can be told what fails then.
func closeHard(end Conn) {
	_ = end.SetLinger(0)
	_ = end.Close()
}
