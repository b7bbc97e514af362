//go:build !linux

package loadgen

import "time"

// FineSleep is time.Sleep where the system has nothing finer.
func FineSleep(d time.Duration) { time.Sleep(d) }
