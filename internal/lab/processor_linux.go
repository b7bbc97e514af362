package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// ProcessorTime is what all threads of a process have used, also those that have ended, to the nanosecond: each process has
// a clock of it. clock_getcpuclockid(3) computes its name in this way.
func ProcessorTime(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduler, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
