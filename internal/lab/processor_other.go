//go:build !linux

package lab

import (
	"errors"
	"time"
)

// ProcessorTime is not known here.
func ProcessorTime(int) (time.Duration, error) {
	return 0, errors.New("what a process uses of processors can be measured on Linux only")
}
