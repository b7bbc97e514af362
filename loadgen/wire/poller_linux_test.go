package wire

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Both ways to wait: that of the kernel, and that of one which lacks it.
func TestAPollerWaitsUntilSomethingHappens(t *testing.T) {
	for name, old := range map[string]bool{"epoll_pwait2": false, "ppoll": true} {
		t.Run(name, func(t *testing.T) {
			p, err := newPoller()
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			p.old = old
			for _, pause := range []time.Duration{-1, 0, 50 * time.Microsecond, 2 * time.Millisecond} {
				began := time.Now()
				if events := p.wait(pause); len(events) > 0 || time.Since(began) < pause {
					t.Errorf("%v: %d events after %v", pause, len(events), time.Since(began))
				}
			}
			if p.old != old {
				t.Skip("this kernel has no epoll_pwait2")
			}
			p.ring()
			if events := p.wait(time.Minute); len(events) != 1 || events[0].Fd != bellSlot {
				t.Errorf("rung: %+v", events)
			}
			if events := p.wait(0); len(events) > 0 {
				t.Errorf("told twice: %+v", events)
			}
		})
	}
}

func TestEventsTellWhoseTheyAre(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	socket, err := serverAt(l.Addr().(*net.TCPAddr).AddrPort()).connect()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	if err := p.add(socket, 7, 3); err != nil {
		t.Fatal(err)
	}
	events := p.wait(time.Minute)
	if len(events) != 1 || events[0].Fd != 7 || events[0].Pad != 3 || events[0].Events != unix.EPOLLOUT {
		t.Errorf("%+v", events)
	}
	if err := connectionError(socket); err != nil {
		t.Error(err)
	}
}
