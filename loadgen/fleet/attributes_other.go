//go:build !linux

package fleet

import "syscall"

// childAttributes are none: an agent ends with its pipe.
func childAttributes() *syscall.SysProcAttr { return nil }
