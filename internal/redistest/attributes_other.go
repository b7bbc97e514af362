//go:build !linux

package redistest

import "syscall"

// childAttributes are none: a child ends with its test, unless that is killed.
func childAttributes() *syscall.SysProcAttr { return nil }
