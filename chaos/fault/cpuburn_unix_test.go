//go:build unix

package fault_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/fault"
)

// used returns the processor time that the test's process has used.
func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}

func TestProcessorsAreBurned(t *testing.T) {
	in := injector(t, fault.Catalogue(fault.Host{})...)
	before, goroutines := used(t), runtime.NumGoroutine()
	in.inject("cpu.burn", "threads=2", fault.Spec{})
	until(func() bool { return used(t)-before > 200*time.Millisecond })
	in.inject("cpu.burn", "threads=3 share=0.1", fault.Spec{First: 5})
	until(func() bool { return in.hits("cpu.burn") > 10 })
	in.ClearAll()
	until(func() bool { return runtime.NumGoroutine() <= goroutines })
}
