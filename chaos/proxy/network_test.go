package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/proxy"
)

// An end is one end of a TCP connection in memory: there, time is virtual. It carries nothing by
// itself: a write waits until all of it is read.
type end struct {
	in, out     net.Conn // each for one direction
	hard        atomic.Bool
	reset, gone *atomic.Bool // that the other end has reset the connection, that this one has
}

func connect() (a, b *end) {
	ab, ba := make([]net.Conn, 2), make([]net.Conn, 2)
	ab[0], ab[1] = net.Pipe()
	ba[0], ba[1] = net.Pipe()
	byA, byB := new(atomic.Bool), new(atomic.Bool)
	return &end{in: ba[1], out: ab[0], reset: byB, gone: byA}, &end{in: ab[1], out: ba[0], reset: byA, gone: byB}
}

func (e *end) Read(p []byte) (int, error) {
	n, err := e.in.Read(p)
	if err != nil && e.reset.Load() {
		err = syscall.ECONNRESET
	}
	return n, err
}

func (e *end) Write(p []byte) (int, error) {
	n, err := e.out.Write(p)
	if err != nil {
		err = syscall.EPIPE
	}
	return n, err
}

func (e *end) CloseWrite() error { return e.out.Close() }

func (e *end) SetLinger(seconds int) error {
	e.hard.Store(seconds == 0)
	return nil
}

func (e *end) Close() error {
	e.gone.Store(e.hard.Load())
	return errors.Join(e.out.Close(), e.in.Close())
}

// A stage is a link in virtual time, with an upstream that takes what is opened.
type stage struct {
	t      *testing.T
	link   *proxy.Link
	opened chan *end // the upstream's ends
	began  time.Time
}

// play runs a test in a bubble, and ends its link.
func play(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, opened: make(chan *end, 100), began: time.Now()}
		s.link = proxy.New(proxy.Config{Name: "a-b", Connections: 50, Dial: func(ctx context.Context) (proxy.Conn, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			near, far := connect()
			s.opened <- far
			return near, nil
		}})
		test(t, s)
		if err := s.link.Close(); err != nil {
			t.Error(err)
		}
	})
}

// client makes a connection to the link.
func (s *stage) client() *end {
	near, far := connect()
	s.link.Carry(far)
	return near
}

// pair makes a connection over the link, and returns its client and its server.
func (s *stage) pair() (client, server *end) {
	client = s.client()
	return client, <-s.opened
}

// at waits until a time after the beginning.
func (s *stage) at(ms int) {
	time.Sleep(time.Until(s.began.Add(time.Duration(ms) * time.Millisecond)))
	synctest.Wait()
}

// send writes without waiting for a reader.
func (s *stage) send(e *end, text string) {
	go func() { _, _ = io.WriteString(e, text) }()
	synctest.Wait()
}

// hear tells what arrives at an end and when, until it is read no more: "100ms:hello 120ms:EOF". The text is complete
// when the channel gives it.
func (s *stage) hear(e *end) <-chan string {
	heard := make(chan string, 1)
	go func() {
		text := ""
		buffer := make([]byte, 64<<10)
		for {
			n, err := e.Read(buffer)
			at := time.Since(s.began)
			if n > 0 {
				text += fmt.Sprintf("%v:%s ", at, buffer[:n])
			}
			if err != nil {
				heard <- text + fmt.Sprintf("%v:%s", at, ending(err))
				return
			}
		}
	}()
	return heard
}

func ending(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, syscall.ECONNRESET):
		return "RESET"
	}
	return err.Error()
}

func (s *stage) expect(what string, heard <-chan string, want string) {
	s.t.Helper()
	if got := <-heard; got != want {
		s.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// counted hits connections as a list says, one after another, and all beyond it.
type counted struct {
	plan  []bool
	asked atomic.Int64
	hits  atomic.Int64
}

func (c *counted) Hits() bool {
	n := c.asked.Add(1)
	if n <= int64(len(c.plan)) && !c.plan[n-1] {
		return false
	}
	c.hits.Add(1)
	return true
}

func (c *counted) Hit() { c.hits.Add(1) }
