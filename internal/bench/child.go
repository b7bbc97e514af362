package bench

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"

	"brownout/internal/lab"
)

// closeTime is how long a child that was interrupted has to end in order.
const closeTime = 20 * time.Second

// childCommand is one of a build's program, which runs until ctx is done, and then is interrupted, once: the terminal's
// signals do not reach it. It ends with its standard input, if that is a pipe, and so with this process.
func childCommand(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, arguments...)
	c.Env = append(os.Environ(), lab.Supervised+"=1")
	c.SysProcAttr = ofItsOwn()
	interruptible(c)
	return c
}

// interruptible has a command be interrupted, and not killed, when its context is done: what it has made for itself it then
// takes away.
func interruptible(c *exec.Cmd) {
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = closeTime
}

// ofItsOwn keeps the terminal's signals from a child: who measures ends it.
func ofItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
