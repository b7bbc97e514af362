package lab

import (
	"os"
	"slices"
	"strconv"
	"time"
)

// RecycleStatus is the exit status of a child that is to be started again at once: EX_TEMPFAIL
// of BSD's sysexits.
const RecycleStatus = 75

const (
	// recycledAt is the environment variable that tells a child when the one before it was
	// recycled, in seconds since 1970.
	recycledAt = "BROWNOUT_RECYCLED_AT"
	// recycleEvery is the least time between two starts at once. A child that ends like
	// that more often is started again as one that dies.
	recycleEvery = time.Minute
)

// RecycledAt returns when the child before this one was recycled; the zero time if it was not.
func RecycledAt() time.Time {
	seconds, err := strconv.ParseInt(os.Getenv(recycledAt), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// isRecycled says whether a run of the child has ended to be started again at once.
func (c *child) isRecycled(p *process, now time.Time) bool {
	if p.command.ProcessState.ExitCode() != RecycleStatus || now.Sub(c.recycled) < recycleEvery {
		return false
	}
	c.recycled = now
	return true
}

// next is the spec of the child's next run.
func (c *child) next() Spec {
	spec := c.spec
	if !c.recycled.IsZero() {
		spec.Env = append(slices.Clone(spec.Env), recycledAt+"="+strconv.FormatInt(c.recycled.Unix(), 10))
	}
	return spec
}
