//go:build linux

package main

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	generatorCore = 0
	targetCore    = 1
)

// pin binds the thread to a core.
func pin(core int) error {
	var set unix.CPUSet
	set.Set(core)
	return unix.SchedSetaffinity(0, &set)
}

// startOn starts a process that is bound to a core, as the thread is that starts it.
func startOn(core int, c *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with what binds it
		if err := pin(core); err != nil {
			started <- err
			return
		}
		started <- c.Start()
	}()
	return <-started
}
