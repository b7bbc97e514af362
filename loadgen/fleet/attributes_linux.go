package fleet

import "syscall"

// childAttributes has the kernel kill an agent, also one that is stopped, when its conductor dies, and
// keeps the terminal's signals from it: its conductor stops it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
