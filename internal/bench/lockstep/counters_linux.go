package lockstep

import (
	"encoding/binary"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// counters are what the machine counts of this process: a file for each thread that there was when they were opened, which counts for the threads
// that it starts, too. There are none where the machine does not count, as most virtual ones.
type counters []int

// countInstructions begins to count the instructions of all threads outside of the kernel. Turns may end within them.
func countInstructions() counters {
	return count(unix.PERF_TYPE_HARDWARE, unix.PERF_COUNT_HW_INSTRUCTIONS)
}

// count begins to count events; see perf_event_open(2).
func count(kind uint32, event uint64) counters {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	attributes := unix.PerfEventAttr{
		Type: kind, Config: event, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Bits: unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	var all counters
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		file, err := unix.PerfEventOpen(&attributes, id, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			all.close() // a part of the threads is no figure
			return nil
		}
		all = append(all, file)
	}
	return all
}

// sum is what was counted so far.
func (c counters) sum() (total uint64) {
	var buffer [8]byte
	for _, file := range c {
		if n, err := unix.Read(file, buffer[:]); err == nil && n == len(buffer) {
			total += binary.NativeEndian.Uint64(buffer[:])
		}
	}
	return total
}

func (c counters) close() {
	for _, file := range c {
		_ = unix.Close(file)
	}
}
