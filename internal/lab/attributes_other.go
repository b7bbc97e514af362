//go:build !linux

package lab

import "syscall"

// childAttributes keeps the terminal's signals from a child: its parent ends it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
