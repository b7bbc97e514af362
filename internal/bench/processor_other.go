//go:build !linux

package bench

import (
	"errors"
	"time"
)

func processorTime(int) (time.Duration, error) {
	return 0, errors.New("what a process uses of processors can be measured on Linux only")
}
