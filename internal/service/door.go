package service

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"brownout/internal/shop"
)

// A door is a net.Listener that lets a bounded number of connections in at a time. One over
// it is told so, in the words of every other refusal, and closed.
type door struct {
	net.Listener
	most   int64
	inside atomic.Int64
	full   []byte // what is said to one too many
}

func newDoor(l net.Listener, most int) *door {
	answer := Problem(&shop.Error{Code: shop.CodeOverloaded, Message: "too many connections", RetryAfter: time.Second}, "")
	full := fmt.Appendf(nil, "HTTP/1.1 %d Service Unavailable\r\nContent-Type: %s\r\nContent-Length: %d\r\nRetry-After: %s\r\nConnection: close\r\n\r\n%s",
		answer.Status, answer.ContentType, len(answer.Body), answer.Header[0].Value, answer.Body)
	return &door{Listener: l, most: int64(most), full: full}
}

// Accept waits for the next connection that there is room for.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if d.inside.Add(1) <= d.most {
			return &guest{Conn: c, door: d}, nil
		}
		d.inside.Add(-1)
		d.turnAway(c)
	}
}

// turnAway never waits: what is said fits into the buffer of any new connection.
func (d *door) turnAway(c net.Conn) {
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	_, _ = c.Write(d.full)
	_ = c.Close()
}

// A guest is a connection that has been let in.
type guest struct {
	net.Conn
	door *door
	left sync.Once
}

// Close closes the connection and makes room for another.
func (g *guest) Close() error {
	g.left.Do(func() { g.door.inside.Add(-1) })
	return g.Conn.Close()
}
