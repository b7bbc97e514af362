package port

import (
	"net"
	"net/netip"
	"os"
	"syscall"
)

// A keeper is a socket that is bound and never listens. With SO_REUSEADDR, which servers
// set as well, Linux lets another socket bind to its address and listen there; see
// socket(7). No child inherits it.
type keeper int

// keep binds a socket, and says to what.
func keep(addr string) (string, keeper, error) {
	to, err := resolve(addr)
	if err != nil {
		return "", -1, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", -1, os.NewSyscallError("socket", err)
	}
	bound, err := bind(fd, to)
	if err != nil {
		_ = syscall.Close(fd)
		return "", -1, err
	}
	return bound, keeper(fd), nil
}

func resolve(addr string) (netip.AddrPort, error) {
	to, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ip, _ := netip.AddrFromSlice(to.IP.To4()) // without a host it is none
	return netip.AddrPortFrom(ip, uint16(to.Port)), nil
}

func bind(fd int, to netip.AddrPort) (string, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return "", os.NewSyscallError("setsockopt", err)
	}
	sa := &syscall.SockaddrInet4{Port: int(to.Port())}
	if to.Addr().IsValid() {
		sa.Addr = to.Addr().As4()
	}
	if err := syscall.Bind(fd, sa); err != nil {
		return "", os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	got := name.(*syscall.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(got.Addr), uint16(got.Port)).String(), nil
}

func (k keeper) close() error { return syscall.Close(int(k)) }
