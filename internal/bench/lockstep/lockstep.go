// Package lockstep lets a benchmark of another build take turns with this one. A benchmark counts its iterations with it:
//
//	func BenchmarkDecide(b *testing.B) {
//		gate := newGate()
//		for turns := lockstep.Start(b); turns.Next(); {
//			gate.Decide()
//		}
//	}
//
// Under go test -bench that is a loop of b.N iterations. Under brownout bench the process is given turns of some
// hundred microseconds, one after the other, and between them waits while the other build has its turn; so whatever the
// machine does in the meantime, it does to both ([brownout/internal/bench/turn] has the messages). Either way an
// iteration costs a decrement more than the work.
//
// What a benchmark does before Start, and after Next has said no, is not measured. Between two iterations nothing may be
// under way that would go on while the other build is measured: a job that is not waited for, a timer.
package lockstep

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"brownout/internal/bench/turn"
)

// Turns counts the iterations of one benchmark. Goroutines may use it one after the other.
type Turns struct {
	left   int // iterations of this turn, beside the one that runs
	b      *testing.B
	caller *caller // nil under go test -bench
}

// Start begins to measure. A benchmark calls it once, when all is prepared.
func Start(b *testing.B) *Turns {
	version, wanted := os.LookupEnv(turn.Env)
	if !wanted {
		b.ResetTimer()
		return &Turns{left: b.N, b: b}
	}
	if version != turn.Version {
		b.Fatalf("lockstep: this build takes turns by version %s, and is asked to by version %s", turn.Version, version)
	}
	caller, err := newCaller()
	if err != nil {
		b.Fatal("lockstep: ", err)
	}
	return &Turns{b: b, caller: caller}
}

// Next reports whether there is one more iteration.
func (t *Turns) Next() bool {
	if t.left > 0 {
		t.left--
		return true
	}
	return t.more()
}

// more ends a turn and waits for the next one. A caller that is gone ends the process: whatever runs the benchmark, a
// loop or a task, could only be told that by an end in disorder.
func (t *Turns) more() bool {
	if t.caller == nil {
		t.b.StopTimer()
		return false
	}
	n, err := t.caller.next()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lockstep: who measures is gone:", err)
		os.Exit(1)
	}
	if n == 0 {
		return false
	}
	t.left = n - 1
	return true
}

// A caller is the process that measures this one.
type caller struct {
	pipe     *turn.Pipe
	counters counters
	order    turn.Order // of the turn that runs; none before the first

	// When the turn began, and what this process had used by then.
	began        time.Time
	cpu          time.Duration
	instructions uint64
	memory       runtime.MemStats
}

func newCaller() (*caller, error) {
	orders, err := blocking(turn.OrdersFile, "orders")
	if err != nil {
		return nil, err
	}
	reports, err := blocking(turn.ReportsFile, "reports")
	if err != nil {
		return nil, err
	}
	return &caller{pipe: turn.NewPipe(orders, reports), counters: countInstructions()}, nil
}

// next tells what the turn took, or at first that all is ready, and waits for another one. It returns its iterations,
// 0 if there are no more turns.
func (c *caller) next() (int, error) {
	report, err := c.report()
	if err != nil {
		return 0, err
	}
	if err := c.pipe.Tell(report); err != nil {
		return 0, err
	}
	if c.order, err = c.pipe.Take(); err != nil {
		return 0, err
	}
	if c.order.Kind == turn.End {
		return 0, nil
	}
	return c.order.N, c.begin()
}

// begin notes what was used before the turn. To wait for it, and to wake up, cost a tenth of one, and not always the same.
func (c *caller) begin() (err error) {
	if c.order.N < 1 {
		return fmt.Errorf("a turn of %d iterations", c.order.N)
	}
	if c.order.Kind == turn.Memory {
		runtime.ReadMemStats(&c.memory)
	}
	c.instructions = c.counters.sum()
	c.began = time.Now()
	c.cpu, err = processTime()
	return err
}

// report says what the turn took, nothing if there was none.
func (c *caller) report() (r turn.Report, err error) {
	if c.order.N == 0 {
		return r, nil
	}
	cpu, err := processTime()
	r.CPU, r.Wall, r.Instructions = cpu-c.cpu, time.Since(c.began), c.counters.sum()-c.instructions
	if c.order.Kind == turn.Memory {
		mallocs, bytes := c.memory.Mallocs, c.memory.TotalAlloc
		runtime.ReadMemStats(&c.memory)
		r.Mallocs, r.Bytes = c.memory.Mallocs-mallocs, c.memory.TotalAlloc-bytes
	}
	return r, err
}
