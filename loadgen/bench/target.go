//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"brownout/loadgen"
)

// answer keeps the connection, also of clients of HTTP/1.0.
const answer = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"

// A target answers any request without a body, on a thread that is bound to a core. It is simpler than any generator, so that
// it is not what a generator waits for.
type target struct {
	url     string
	answers atomic.Int64 // that were sent

	// takes is how long each answer takes, at the same time as others. If it is not 0, the target freezes for the last freeze
	// of every period from the first request on.
	takes, freeze, period time.Duration

	epoll, listener int
	in, out         []byte
	ends            map[int]int // of connections: how much of the end of a request has come
	waiting         []waiting   // answers, by when they are due
	first           time.Time   // when the first request had come

	mu   sync.Mutex
	came []time.Time // when requests had come, of a target that takes its time
	left []time.Time // when answers were sent, of such a target; of both there are no more than mostTimes
}

// A waiting is an answer that takes its time.
type waiting struct {
	socket int
	due    time.Time
}

// start starts a target, which goes on until the process ends.
func (t *target) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := pin(targetCore)
		if err == nil {
			err = t.listen()
		}
		started <- err
		if err == nil {
			t.serve()
		}
	}()
	return <-started
}

func (t *target) listen() (err error) {
	t.in, t.out, t.ends = make([]byte, 64<<10), []byte(answer), map[int]int{}
	if t.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	t.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(t.listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(t.listener, unix.SOMAXCONN); err != nil {
		return os.NewSyscallError("listen", err)
	}
	name, err := unix.Getsockname(t.listener)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	t.url = fmt.Sprintf("http://%s/", net.JoinHostPort("127.0.0.1", fmt.Sprint(name.(*unix.SockaddrInet4).Port)))
	return t.watch(t.listener)
}

func (t *target) watch(socket int) error {
	return unix.EpollCtl(t.epoll, unix.EPOLL_CTL_ADD, socket, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(socket)})
}

func (t *target) serve() {
	events := make([]unix.EpollEvent, 64)
	for {
		if t.takes > 0 {
			t.rest()
		}
		n, err := unix.EpollWait(t.epoll, events, t.patience())
		if err != nil && err != unix.EINTR {
			panic(err) // it is ours
		}
		for i := range max(n, 0) {
			if socket := int(events[i].Fd); socket == t.listener {
				t.accept()
			} else {
				t.read(socket)
			}
		}
	}
}

// patience is how long to wait for events, in milliseconds: for ever, unless rest has waited.
func (t *target) patience() int {
	if t.takes > 0 {
		return 0
	}
	return -1
}

// rest waits for events, freezes when it is time to, and sends what is due.
func (t *target) rest() {
	now := time.Now()
	wake := now.Add(time.Minute)
	if !t.first.IsZero() {
		into := now.Sub(t.first) % t.period
		if into >= t.period-t.freeze {
			loadgen.FineSleep(t.period - into)
			now = time.Now()
			into = now.Sub(t.first) % t.period
		}
		wake = now.Add(t.period - t.freeze - into)
	}
	for len(t.waiting) > 0 && !t.waiting[0].due.After(now) {
		t.answer(t.waiting[0].socket, 1)
		t.waiting = t.waiting[1:]
	}
	if len(t.waiting) > 0 && t.waiting[0].due.Before(wake) {
		wake = t.waiting[0].due
	}
	pause := unix.NsecToTimespec(int64(max(time.Until(wake), 0)))
	_, _ = unix.Ppoll([]unix.PollFd{{Fd: int32(t.epoll), Events: unix.POLLIN}}, &pause, nil) // finer than epoll_wait
}

func (t *target) accept() {
	for {
		socket, _, err := unix.Accept4(t.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = unix.SetsockoptInt(socket, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if err := t.watch(socket); err != nil {
			_ = unix.Close(socket)
		}
	}
}

func (t *target) read(socket int) {
	n, err := unix.Read(socket, t.in)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil || n == 0:
		delete(t.ends, socket)
		t.waiting = slices.DeleteFunc(t.waiting, func(w waiting) bool { return w.socket == socket })
		// A generator that is being started has all that is open here until it runs: what is not taken off first has events
		// after it is closed, when its number may be something else's.
		_ = unix.EpollCtl(t.epoll, unix.EPOLL_CTL_DEL, socket, nil)
		_ = unix.Close(socket)
	default:
		t.take(socket, t.requests(socket, t.in[:n]))
	}
}

// requests counts the requests that end with what has come.
func (t *target) requests(socket int, text []byte) (n int) {
	const end = "\r\n\r\n"
	if bytes.HasSuffix(text, []byte(end)) && t.ends[socket] == 0 {
		return bytes.Count(text, []byte(end))
	}
	at := t.ends[socket]
	for _, c := range text {
		switch {
		case c == end[at]:
			at++
		case c == end[0]:
			at = 1
		default:
			at = 0
		}
		if at == len(end) {
			at, n = 0, n+1
		}
	}
	t.ends[socket] = at
	return n
}

// take answers requests, at once or when they have taken their time.
func (t *target) take(socket, requests int) {
	if t.takes == 0 {
		t.answer(socket, requests)
		return
	}
	now := time.Now()
	if t.first.IsZero() {
		t.first = now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for range requests {
		t.came = note(t.came, now)
		t.waiting = append(t.waiting, waiting{socket, now.Add(t.takes)})
	}
}

// mostTimes is more than a run of the comparison has requests.
const mostTimes = 2 * int(truthTime*rate/time.Second)

func note(times []time.Time, now time.Time) []time.Time {
	if len(times) < mostTimes {
		times = append(times, now)
	}
	return times
}

// times returns when requests had come and when answers were sent, if they take their time.
func (t *target) times() (arrivals, answers []time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.came), slices.Clone(t.left)
}

func (t *target) answer(socket, times int) {
	for range times {
		now := time.Now()
		if _, err := unix.Write(socket, t.out); err != nil {
			continue
		}
		t.answers.Add(1)
		if t.takes > 0 {
			t.mu.Lock()
			t.left = note(t.left, now)
			t.mu.Unlock()
		}
	}
}
