package lab

import "syscall"

// childAttributes has the kernel kill a child, also one that is stopped, when its parent
// dies, and keeps the terminal's signals from it: its parent ends it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
