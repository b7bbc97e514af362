package loadgen

import (
	"syscall"
	"time"
)

// FineSleep waits as time.Sleep does, late by some 0.1 ms instead of up to 1 ms, and
// without keeping a processor busy: Go's timers wait in whole milliseconds when there
// is nothing else to do, the kernel's do not. It holds a thread meanwhile, so it is for
// one goroutine. It knows no virtual time.
func FineSleep(d time.Duration) {
	rest := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&rest, &rest) == syscall.EINTR { // a signal, as the runtime sends to its threads
	}
}
