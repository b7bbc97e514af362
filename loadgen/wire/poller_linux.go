package wire

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxEvents = 64 // that are taken at a time
	bellSlot  = -1 // in place of a connection's
	// brief is how long the scheduler is not told that the thread waits: to tell it costs as much as a short wait, and
	// nobody else has to wait for longer.
	brief = 100 * time.Microsecond
)

// A poller waits for sockets, by epoll, and until a time, to the microsecond. One goroutine may use it; any may ring.
type poller struct {
	epoll  int
	bell   int // an eventfd that ends a wait
	events [maxEvents]unix.EpollEvent
	pause  unix.Timespec
	old    bool // the kernel has no epoll_pwait2, which came with Linux 5.11
}

func newPoller() (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &poller{epoll: epoll, bell: bell}
	if err := p.watch(bell, unix.EPOLLIN, bellSlot, 0); err != nil {
		p.close()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return p, nil
}

// add has a socket watched until it is closed: each event tells its slot and generation, once.
func (p *poller) add(socket int, slot, generation int32) error {
	return p.watch(socket, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP, slot, generation)
}

func (p *poller) watch(fd int, events uint32, slot, generation int32) error {
	event := unix.EpollEvent{Events: events | unix.EPOLLET, Fd: slot, Pad: generation}
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event)
}

// ring ends a wait, the one that goes on or the next.
func (p *poller) ring() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.bell, one[:]) // there is room for it
}

// wait waits for events, but not for longer than a time, and returns those that there are, until the next wait.
func (p *poller) wait(most time.Duration) []unix.EpollEvent {
	p.pause = unix.NsecToTimespec(int64(max(most, 0)))
	n, err := p.poll(most <= brief)
	switch err {
	case 0:
		return p.events[:n]
	case unix.EINTR: // a signal, as the runtime sends to its threads
		return nil
	case unix.ENOSYS:
		p.old = true
		return nil
	}
	panic(fmt.Sprintf("wire: epoll: %v", err)) // it is ours, and so are all its arguments
}

func (p *poller) poll(raw bool) (n uintptr, err syscall.Errno) {
	switch {
	case p.old:
		return p.pollOld()
	case raw:
		n, _, err = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events)), maxEvents, uintptr(unsafe.Pointer(&p.pause)), 0, 0)
	default:
		n, _, err = syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events)), maxEvents, uintptr(unsafe.Pointer(&p.pause)), 0, 0)
	}
	return n, err
}

// pollOld waits with ppoll, which is as fine, and then takes what there is.
func (p *poller) pollOld() (n uintptr, err syscall.Errno) {
	ready := []unix.PollFd{{Fd: int32(p.epoll), Events: unix.POLLIN}}
	if _, err := unix.Ppoll(ready, &p.pause, nil); err == unix.EINTR {
		return 0, unix.EINTR
	}
	n, _, err = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events)), maxEvents, 0, 0, 0)
	return n, err
}

func (p *poller) close() {
	_ = unix.Close(p.bell)
	_ = unix.Close(p.epoll)
}
