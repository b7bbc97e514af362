package lockstep

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Few machines that run tests count instructions. The time of threads is counted in the same way, and by all.
func TestAllThreadsAreCounted(t *testing.T) {
	c := count(unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_TASK_CLOCK)
	if c == nil {
		t.Skip("the kernel does not let this process count")
	}
	defer c.close()
	before, counted := used(t), c.sum()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
			}
		})
	}
	all.Wait()
	took := used(t) - before
	got := time.Duration(c.sum() - counted)
	if got < took*8/10 || got > took*12/10 {
		t.Errorf("%v were counted of %v", got, took)
	}
}

func TestWhatIsNotCountedIsNothing(t *testing.T) {
	if c := count(unix.PERF_TYPE_SOFTWARE, 1<<40); c != nil || c.sum() != 0 {
		t.Errorf("%v counts an event that there is not", c)
	}
}

func used(t *testing.T) time.Duration {
	t.Helper()
	cpu, err := processTime()
	if err != nil {
		t.Fatal(err)
	}
	return cpu
}
