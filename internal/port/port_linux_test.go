package port_test

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"brownout/internal/port"
)

func hold(t *testing.T, addr string) *port.Held {
	t.Helper()
	h, err := port.Hold(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func TestAServerListensAtItsHeldPortAgainAndAgain(t *testing.T) {
	h := hold(t, "127.0.0.1:0")
	for range 3 {
		l, err := net.Listen("tcp", h.Addr())
		if err != nil {
			t.Fatal(err)
		}
		serveOne(t, l)
	}
}

// serveOne takes a connection and ends it first, as a server does that dies: its port has
// memories then.
func serveOne(t *testing.T, l net.Listener) {
	t.Helper()
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
}

func TestNobodyAnswersAtAHeldPort(t *testing.T) {
	if c, err := net.Dial("tcp", hold(t, "127.0.0.1:0").Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v, %v", c, err)
	}
}

// asking returns how a server asks for a socket with an option of its own.
func asking(level, option, value int) net.ListenConfig {
	return net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, value) })
		return errors.Join(failed, err)
	}}
}

func number(t *testing.T, h *port.Held) int {
	t.Helper()
	at, err := netip.ParseAddrPort(h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return int(at.Port())
}

func TestAHeldPortIsGivenToNobody(t *testing.T) {
	h := hold(t, "127.0.0.1:0")
	n := number(t, h)
	unshared := asking(unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	if l, err := unshared.Listen(t.Context(), "tcp", h.Addr()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("one who does not share: %v, %v", l, err)
	}
	only := asking(unix.SOL_IP, unix.IP_LOCAL_PORT_RANGE, n|n<<16) // there is no other to be given
	l, err := only.Listen(t.Context(), "tcp", "127.0.0.1:0")
	switch {
	case errors.Is(err, syscall.ENOPROTOOPT):
		return // Linux before 6.3
	case !errors.Is(err, syscall.EADDRINUSE):
		t.Errorf("one who takes any: %v, %v", l, err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = only.Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal("a port that is held no more: ", err)
	}
	_ = l.Close()
}

func TestAPortAtWhichSomebodyListensIsNotHeld(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := port.Hold(l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}
