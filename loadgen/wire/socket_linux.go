package wire

import (
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A server is an address as sockets take it.
type server struct {
	family int
	at     unix.Sockaddr
}

func serverAt(address netip.AddrPort) server {
	if ip := address.Addr(); !ip.Is4() {
		return server{unix.AF_INET6, &unix.SockaddrInet6{Port: int(address.Port()), Addr: ip.As16(), ZoneId: zone(ip.Zone())}}
	}
	return server{unix.AF_INET, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}}
}

// zone returns the number of a zone, which is an interface's name, or its number; 0 for none.
func zone(name string) uint32 {
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(name, 10, 32)
	return uint32(n)
}

// connect opens a socket that is connecting, or connected, to the server.
func (s server) connect() (socket int, err error) {
	socket, err = unix.Socket(s.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(socket, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil {
		err = unix.Connect(socket, s.at)
	}
	if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		_ = unix.Close(socket)
		return -1, err
	}
	return socket, nil
}

// connectionError returns why a socket was not connected, nil if it was.
func connectionError(socket int) error {
	number, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && number != 0 {
		err = syscall.Errno(number)
	}
	if err == nil && meetsItself(socket) {
		_ = unix.SetsockoptLinger(socket, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // so that its port is free at once
		err = unix.ECONNREFUSED
	}
	return err
}

// meetsItself says whether a socket is connected to itself, as one may be that was given the very port of this machine that it
// is to go to, if nobody listens there.
func meetsItself(socket int) bool {
	own, err := unix.Getsockname(socket)
	if err != nil {
		return false
	}
	other, err := unix.Getpeername(socket)
	return err == nil && reflect.DeepEqual(own, other)
}

// send and receive move bytes as far as that is possible at once: the scheduler is not told of the call, for it never
// blocks.
func send(socket int, p []byte) (n int, err syscall.Errno) {
	sent, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(sent), err
}

func receive(socket int, p []byte) (n int, err syscall.Errno) {
	received, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return int(received), err
}
