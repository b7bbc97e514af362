package proxy_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"

	"brownout/chaos/proxy"
)

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// tcp serves a link over real sockets until the test ends, and returns where it listens and where
// its upstream is to.
func tcp(t testing.TB) (link *proxy.Link, at string, upstream net.Listener) {
	t.Helper()
	upstream = listen(t)
	entry := listen(t)
	link = proxy.New(proxy.Config{Name: "a-b", Upstream: upstream.Addr().String()})
	served := make(chan error, 1)
	go func() { served <- link.Serve(entry) }()
	t.Cleanup(func() {
		_ = link.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return link, entry.Addr().String(), upstream
}

func dial(t testing.TB, at string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

func accept(t testing.TB, l net.Listener) *net.TCPConn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

func TestMuchPassesBothWaysOverTCP(t *testing.T) {
	for name, toxic := range map[string]proxy.Toxic{
		"no toxic": {},
		"a toxic":  proxy.Slicer(proxy.Both, 1000, 0),
	} {
		t.Run(name, func(t *testing.T) {
			link, at, upstream := tcp(t)
			link.Apply(toxic)
			client := dial(t, at)
			server := accept(t, upstream)
			var both sync.WaitGroup
			both.Go(func() { exchange(t, client, 1, 2) })
			both.Go(func() { exchange(t, server, 2, 1) })
			both.Wait()
		})
	}
}

// exchange sends 8 MiB made from one seed while it expects those of another.
func exchange(t *testing.T, c *net.TCPConn, out, in byte) {
	go func() {
		_, _ = c.Write(random8MiB(out))
		_ = c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, random8MiB(in)) {
		t.Errorf("%d other bytes came, %v", len(got), err)
	}
}

func random8MiB(seed byte) []byte {
	text := make([]byte, 8<<20)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(text)
	return text
}

func TestAResetIsOneForTheKernel(t *testing.T) {
	link, at, upstream := tcp(t)
	client := dial(t, at)
	server := accept(t, upstream)
	_, _ = client.Write([]byte("x"))
	_, _ = server.Read(make([]byte, 1)) // the link knows its upstream
	link.Apply(proxy.ResetPeer(0))
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the %s: %v", name, err)
		}
	}
	if err := dialAndRead(at); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a new client: %v", err)
	}
}

// dialAndRead returns what fails first.
func dialAndRead(at string) error {
	c, err := net.Dial("tcp", at)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	return err
}

func TestAClosedLinkTakesNothing(t *testing.T) {
	link, at, upstream := tcp(t)
	client := dial(t, at)
	accept(t, upstream)
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client: %v", err)
	}
	if c, err := net.Dial("tcp", at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new one: %v, %v", c, err)
	}
	if err := link.Serve(listen(t)); err != nil {
		t.Error("served after its end: ", err)
	}
}

func TestALinkRefusesWhileNobodyListens(t *testing.T) {
	link, at, upstream := tcp(t)
	_ = upstream.Close()
	if err := dialAndRead(at); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the first: %v", err)
	}
	until(t, at, syscall.ECONNREFUSED)
	remove := link.Apply(proxy.Timeout(proxy.Requests))
	until(t, at, nil) // a cable that is cut does not tell that nobody listens
	remove()
	until(t, at, syscall.ECONNREFUSED)
	again, err := net.Listen("tcp", upstream.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	until(t, at, nil)
}

// until waits until a connection fails in a way, or, with nil, until it does not.
func until(t *testing.T, at string, want error) {
	t.Helper()
	for t.Context().Err() == nil {
		c, err := net.Dial("tcp", at)
		if err == nil {
			_ = c.Close()
		}
		if errors.Is(err, want) {
			return
		}
	}
}
