//go:build unix

package fault

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// retakeEvery is how often descriptors that have become free are taken.
const retakeEvery = 100 * time.Millisecond

// fdExhaust is what a process is in that does not close what it opens: no connection is
// taken or made any more. An admin port that is to end it needs a connection that it has
// already; without one, the time to live does.
func fdExhaust(Host) Kind {
	var active atomic.Bool
	return Kind{
		Name:    "fd.exhaust",
		Summary: "Takes the file descriptors of the process: no connection can be opened.",
		Params: []Param{
			{Name: "leave", Help: "how many are left free", Type: Int, Default: "8", Max: "4096"},
			{Name: "bound", Help: "how many are taken at most; the limit of the process is lowered to what is in use and that", Type: Int, Default: "1024", Min: "1", Max: "65536"},
		},
		Start: func(i *Injection) error {
			if !active.CompareAndSwap(false, true) {
				return errors.New("it is active already")
			}
			i.OnEnd(func() { active.Store(false) })
			d := &descriptors{injection: i, leave: i.Int("leave"), bound: i.Int("bound")}
			if err := d.lowerLimit(); err != nil {
				return err
			}
			go d.hold()
			return nil
		},
	}
}

// descriptors are those that an injection has taken.
type descriptors struct {
	injection    *Injection
	leave, bound int
	taken        []int
}

// lowerLimit sets the limit of the process to what the fault is able to reach, until the
// injection ends.
func (d *descriptors) lowerLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return err
	}
	low := limit
	low.Cur = min(low.Cur, uint64(len(open)+d.leave+d.bound))                          //nolint:unconvert // its type differs among systems
	d.injection.OnEnd(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) }) // it was allowed before
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low)
}

// hold takes descriptors, and those that become free, until the injection ends.
func (d *descriptors) hold() {
	again := time.NewTicker(retakeEvery)
	defer again.Stop()
	defer d.free()
	for {
		d.take()
		select {
		case <-d.injection.done:
			return
		case <-again.C:
		}
	}
}

// take takes all descriptors up to the limit but those that are to be left, each being a
// possible hit.
func (d *descriptors) take() {
	spare := []int{}
	for len(spare) < d.leave {
		fd, err := openNothing()
		if err != nil {
			break
		}
		spare = append(spare, fd)
	}
	for len(spare) == d.leave {
		fd, err := openNothing()
		if err != nil {
			break
		}
		if !d.injection.Hits() {
			_ = syscall.Close(fd)
			break
		}
		d.taken = append(d.taken, fd)
	}
	closeAll(spare)
}

func (d *descriptors) free() { closeAll(d.taken) }

func openNothing() (int, error) {
	return syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
}

func closeAll(all []int) {
	for _, fd := range all {
		_ = syscall.Close(fd) // of nothing
	}
}
