package wire

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// bound returns a socket that is bound to a port of this machine, and its address.
func bound(t *testing.T) (socket int, address netip.AddrPort) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	own := name.(*unix.SockaddrInet4)
	return socket, netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port))
}

func TestASocketThatMeetsItselfHasFoundNobody(t *testing.T) {
	socket, address := bound(t)
	if err := unix.Connect(socket, serverAt(address).at); err != nil {
		t.Fatal(err)
	}
	if err := connectionError(socket); err != unix.ECONNREFUSED {
		t.Error(err)
	}
	_ = unix.Close(socket)
	again, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(again)
	if err := unix.Bind(again, serverAt(address).at); err != nil {
		t.Errorf("its port is not free: %v", err)
	}
}

// listening returns the address of a socket that listens, and takes no more connections than the kernel does by itself.
func listening(t *testing.T, backlog int) netip.AddrPort {
	t.Helper()
	socket, address := bound(t)
	t.Cleanup(func() { _ = unix.Close(socket) })
	if err := unix.Listen(socket, backlog); err != nil {
		t.Fatal(err)
	}
	return address
}

// An address that does not even refuse costs the requests that wait for it, and then the next one is tried.
func TestAnAddressThatTakesNoConnectionsIsLeft(t *testing.T) {
	silent, open := serverAt(listening(t, 0)), serverAt(listening(t, 10))
	for range 8 { // fill its backlog
		if socket, err := silent.connect(); err == nil {
			defer unix.Close(socket)
		}
	}
	target, err := newTarget(t, "GET", "http://a/", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(Config{Target: target, Pacer: loadgen.Constant(50, 100*time.Millisecond), Timeout: 50 * time.Millisecond})
	e.servers = []server{silent, open}
	e.tell = func(s *evidence.Sample) {
		if s.Error != loadgen.FailureOf(os.ErrDeadlineExceeded) {
			t.Errorf("%+v", s)
		}
	}
	if err := e.run(t.Context()); err != nil || e.seq != 5 || e.best != 1 {
		t.Errorf("error %v, %d requests, the best of the addresses is %d", err, e.seq, e.best)
	}
}
