package lab

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

func TestPortsAreHeldFromTheChoiceToTheEnd(t *testing.T) {
	at, err := choose(0, true, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range append(at.service[:], at.admin[:redisPort]...) {
		for range 2 { // a part, and the same again after its death
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal("a part cannot listen: ", err)
			}
			_ = l.Close()
		}
		if err := takeUnshared(address); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: somebody else: %v", address, err)
		}
	}
	at.close()
	if err := takeUnshared(at.service[gatewayPort]); err != nil {
		t.Error("after the end: ", err)
	}
}

// takeUnshared binds an address without SO_REUSEADDR, as nobody can whom the kernel would
// not give the port by chance.
func takeUnshared(address string) error {
	to, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	return syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte(to.IP.To4()), Port: to.Port})
}
