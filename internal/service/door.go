package service

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/shop"
)

const (
	// maxPart bounds what of an answer is written under one deadline.
	maxPart = 16 << 10
	// sendBuffer bounds what the kernel keeps of the answers that a client does not take:
	// Linux keeps up to two and a half times as much.
	sendBuffer = 32 << 10
)

// A door is a net.Listener that lets a bounded number of connections in at a time. One over
// it is told so, in the words of every other refusal, and closed. One that does not take
// its answers is left.
type door struct {
	net.Listener
	most    int64
	inside  atomic.Int64
	full    []byte // what is said to one too many
	writing *resilience.WriteLimit
}

func newDoor(l net.Listener, most int, writing *resilience.WriteLimit) *door {
	answer := Problem(&shop.Error{Code: shop.CodeOverloaded, Message: "too many connections", RetryAfter: time.Second}, "")
	full := fmt.Appendf(nil, "HTTP/1.1 %d Service Unavailable\r\nContent-Type: %s\r\nContent-Length: %d\r\nRetry-After: %s\r\nConnection: close\r\n\r\n%s",
		answer.Status, answer.ContentType, len(answer.Body), answer.Header[0].Value, answer.Body)
	return &door{Listener: l, most: int64(most), full: full, writing: writing}
}

// Accept waits for the next connection that there is room for.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		switch {
		case isShort(err):
			time.Sleep(acceptAgain)
			continue
		case err != nil:
			return nil, err
		}
		if d.inside.Add(1) <= d.most {
			return d.welcome(c), nil
		}
		d.inside.Add(-1)
		d.turnAway(c)
	}
}

// acceptAgain is the pause after a connection could not be taken for want of something.
const acceptAgain = 10 * time.Millisecond

// isShort says that the process, or the machine, has no descriptor for a connection now. The
// connection waits: a service that ended for it would lose those that it has.
func isShort(err error) bool { return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) }

// welcome lets a connection in.
func (d *door) welcome(c net.Conn) *guest {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // it has one in any case
	}
	return &guest{Conn: c, door: d}
}

// turnAway never waits: what is said fits into the buffer of any new connection.
func (d *door) turnAway(c net.Conn) {
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	_, _ = c.Write(d.full)
	_ = c.Close()
}

// A guest is a connection that has been let in. One goroutine at a time writes to it.
type guest struct {
	net.Conn
	door *door
	left sync.Once

	part   int           // bytes of the part that is being taken
	waited time.Duration // until they were
}

// Close closes the connection and makes room for another.
func (g *guest) Close() error {
	g.left.Do(func() { g.door.inside.Add(-1) })
	return g.Conn.Close()
}

// Write writes an answer in parts, each of which must be taken in time.
func (g *guest) Write(p []byte) (n int, err error) {
	for err == nil && n < len(p) {
		var taken int
		taken, err = g.writePart(p[n:min(len(p), n+maxPart)])
		n += taken
	}
	return n, err
}

// writePart writes p under what is left of the time for its part: whoever writes in smaller pieces
// gives a client no more time.
func (g *guest) writePart(p []byte) (int, error) {
	began := time.Now()
	if err := g.SetWriteDeadline(g.door.writing.Deadline(began.Add(-g.waited))); err != nil {
		return 0, err
	}
	n, err := g.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		g.door.writing.Missed()
		g.giveUp()
	}
	g.part, g.waited = g.part+n, g.waited+time.Since(began)
	if g.part >= maxPart {
		g.part, g.waited = 0, 0
	}
	return n, err
}

// giveUp has the connection reset when it is closed: otherwise the kernel would keep, for as long
// as the client likes, what that does not take.
func (g *guest) giveUp() {
	if tcp, ok := g.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
