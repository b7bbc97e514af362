package telemetry

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"
)

// A processCollector collects of the process what client_golang's does, by its names and from where that is had for
// little: that one reads and parses all that the kernel counts, interrupts of the machine and all, for each
// look. What the network has carried is not among it, for the kernel has that for all processes together.
type processCollector struct {
	process procfs.Proc
	memory  *os.File // what statm says, also when no more files can be opened; nil if it cannot be had
	began   float64  // in Unix seconds; 0 if it is not known

	cpu, start, resident, virtual, virtualMax, files, filesMax *prometheus.Desc
}

func newProcessCollector() prometheus.Collector {
	describe := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("process_"+name, help, nil, nil) }
	c := &processCollector{
		cpu:        describe("cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		start:      describe("start_time_seconds", "Start time of the process since unix epoch in seconds."),
		resident:   describe("resident_memory_bytes", "Resident memory size in bytes."),
		virtual:    describe("virtual_memory_bytes", "Virtual memory size in bytes."),
		virtualMax: describe("virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes."),
		files:      describe("open_fds", "Number of open file descriptors."),
		filesMax:   describe("max_fds", "Maximum number of open file descriptors."),
	}
	c.memory, _ = os.Open("/proc/self/statm")
	var err error
	if c.process, err = procfs.Self(); err != nil {
		return c // where there is no /proc, not all is told
	}
	if stat, err := c.process.Stat(); err == nil {
		c.began, _ = stat.StartTime()
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *processCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.cpu, c.start, c.resident, c.virtual, c.virtualMax, c.files, c.filesMax} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What cannot be had is left out.
func (c *processCollector) Collect(to chan<- prometheus.Metric) {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		counter(to, c.cpu, time.Duration(used.Utime.Nano()+used.Stime.Nano()).Seconds())
	}
	if c.began > 0 {
		gauge(to, c.start, c.began)
	}
	if virtual, resident, ok := c.pages(); ok {
		gauge(to, c.virtual, float64(virtual)*float64(os.Getpagesize()))
		gauge(to, c.resident, float64(resident)*float64(os.Getpagesize()))
	}
	if n, err := c.process.FileDescriptorsLen(); err == nil {
		gauge(to, c.files, float64(n))
	}
	limit(to, c.filesMax, syscall.RLIMIT_NOFILE)
	limit(to, c.virtualMax, syscall.RLIMIT_AS)
}

func limit(to chan<- prometheus.Metric, d *prometheus.Desc, resource int) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(resource, &limit) == nil {
		gauge(to, d, float64(limit.Cur))
	}
}

// pages are how many pages of memory the process has, and how many of them are resident: the first two numbers of
// statm; see proc_pid_statm(5).
func (c *processCollector) pages() (virtual, resident uint64, ok bool) {
	if c.memory == nil {
		return 0, 0, false
	}
	var text [128]byte
	n, err := c.memory.ReadAt(text[:], 0)
	fields := bytes.Fields(text[:n])
	if err != nil && err != io.EOF || len(fields) < 2 {
		return 0, 0, false
	}
	virtual, err = strconv.ParseUint(string(fields[0]), 10, 64)
	if err == nil {
		resident, err = strconv.ParseUint(string(fields[1]), 10, 64)
	}
	return virtual, resident, err == nil
}
