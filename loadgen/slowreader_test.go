package loadgen_test

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/loadgen"
)

// A server that sends a large answer is held up by slow readers, and may end their visit.
func TestSlowReadersHoldAServerUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const size = 16 << 20
	blocked := make(chan int, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
				n, _ := c.Write(bytes.Repeat([]byte("x"), size))
				blocked <- n
			}()
		}
	}()
	readers := &loadgen.SlowReaders{
		Address: l.Addr().String(), Connections: 2, Bytes: 10, Period: 10 * time.Millisecond,
		Write: func(r *fasthttp.Request) { r.SetRequestURI("http://" + l.Addr().String() + "/large") },
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		readers.Run(ctx)
	}()
	for range 2 {
		if n := <-blocked; n >= size {
			t.Errorf("all %d bytes were taken", n)
		}
	}
	for readers.Read() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
}

// They come one after the other: by a time, no more of them than are to have come.
func TestSlowReadersComeOneAfterTheOther(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const connections, within = 4, 400 * time.Millisecond
	readers := &loadgen.SlowReaders{
		Address: l.Addr().String(), Connections: connections, Within: within, Bytes: 1,
		Write: func(r *fasthttp.Request) { r.SetRequestURI("http://" + l.Addr().String() + "/large") },
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		readers.Run(ctx)
	}()
	for n := range connections {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if came := time.Since(began); came < within*time.Duration(n)/connections {
			t.Errorf("%d are there after %v", n+1, came)
		}
	}
	stop()
	<-ended
}
