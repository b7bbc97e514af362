package wire

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

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
