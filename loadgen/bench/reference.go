//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A reference is what the generators' core would let the best of generators do.
type reference struct {
	p99, max time.Duration // by which a thread was late that did nothing but look at the clock
}

func (r reference) String() string { return fmt.Sprintf("p99 %v, max %v", r.p99, r.max) }

// watchClock has a thread that is bound to the generators' core do nothing but look at the clock, so that it is late where the
// core is taken from it: by the machine that this one is a part of, by the kernel, or by another process.
func watchClock(rate float64, length time.Duration) (reference, error) {
	late := make([]time.Duration, 0, int(rate*length.Seconds())+1)
	watched := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, as in startOn
		err := pin(generatorCore)
		begin := time.Now()
		for due := time.Duration(0); err == nil && due < length; due = time.Duration(float64(len(late)) / rate * float64(time.Second)) {
			now := time.Since(begin)
			for now < due {
				now = time.Since(begin)
			}
			late = append(late, now-due)
		}
		watched <- err
	}()
	if err := <-watched; err != nil {
		return reference{}, err
	}
	slices.Sort(late)
	return reference{p99: late[len(late)*99/100], max: late[len(late)-1]}, nil
}

// stolen is for how long the machine that this one is a part of has used a core for something else, to 10 ms; 0 if it does not say.
func stolen(core int) time.Duration {
	const field, unit = 8, 10 * time.Millisecond // proc_stat(5)
	text, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > field && f[0] == "cpu"+strconv.Itoa(core) {
			n, _ := strconv.Atoi(f[field])
			return time.Duration(n) * unit
		}
	}
	return 0
}
