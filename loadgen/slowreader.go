package loadgen

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// SlowReaders are clients that ask for something large and then take it a few bytes at a
// time, so that whoever answers must keep it for them. They are no part of a schedule: they
// come beside it, and what they ask is not measured.
type SlowReaders struct {
	// Address is host:port of the server.
	Address string
	// Write fills in the request; it is called for each connection.
	Write func(*fasthttp.Request)
	// Connections is how many there are at once, up to MaxSlowReaders. One whose
	// connection is closed comes again after a second.
	Connections int
	// Within is how long it takes until all of them have come, one after the other; 0 means
	// that they come at once.
	Within time.Duration
	// Bytes is how many each reads every Period; Period is 1 s if 0.
	Bytes  int
	Period time.Duration

	read atomic.Int64
	cut  atomic.Int64
}

// MaxSlowReaders bounds the connections of slow readers.
const MaxSlowReaders = 2000

// receiveBuffer is small, so that it is the server that must keep what is not read.
const receiveBuffer = 4 << 10

// Run reads slowly until ctx is done.
func (r *SlowReaders) Run(ctx context.Context) {
	var all sync.WaitGroup
	connections := min(r.Connections, MaxSlowReaders)
	for n := range connections {
		all.Go(func() { r.come(ctx, r.Within*time.Duration(n)/time.Duration(connections)) })
	}
	all.Wait()
}

// come is one reader, who comes for the first time after a while.
func (r *SlowReaders) come(ctx context.Context, after time.Duration) {
	for again := pause(ctx, after); again; again = pause(ctx, time.Second) {
		r.visit(ctx)
	}
}

// Read returns how many bytes were read.
func (r *SlowReaders) Read() int64 { return r.read.Load() }

// Cut returns how often a server has ended a connection before it was told to.
func (r *SlowReaders) Cut() int64 { return r.cut.Load() }

// visit is one connection, from its opening to its end.
func (r *SlowReaders) visit(ctx context.Context) {
	c, err := net.DialTimeout("tcp", r.Address, time.Second)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(receiveBuffer)
	}
	if r.ask(c) != nil {
		return
	}
	r.sip(ctx, c)
}

func (r *SlowReaders) ask(c net.Conn) error {
	request := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(request)
	r.Write(request)
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, err := request.WriteTo(c)
	return err
}

// sip reads a few bytes each period, until the other side closes or ctx is done.
func (r *SlowReaders) sip(ctx context.Context, c net.Conn) {
	period := r.Period
	if period <= 0 {
		period = time.Second
	}
	sip := make([]byte, max(r.Bytes, 1))
	for pause(ctx, period) {
		_ = c.SetReadDeadline(time.Now().Add(period))
		n, err := c.Read(sip)
		r.read.Add(int64(n))
		if timeout, ok := err.(net.Error); err != nil && !(ok && timeout.Timeout()) {
			if ctx.Err() == nil {
				r.cut.Add(1)
			}
			return
		}
	}
}

// pause waits, and says whether ctx is still wanted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
