package lockstep

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processTime is the processor time that all threads of this process have used.
func processTime() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// blocking opens a file that the process was started with. Who reads from it keeps its thread, which costs less than
// Go's poller does, and wakes up sooner.
func blocking(fd int, name string) (*os.File, error) {
	if err := syscall.SetNonblock(fd, false); err != nil {
		return nil, os.NewSyscallError("fcntl "+name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
