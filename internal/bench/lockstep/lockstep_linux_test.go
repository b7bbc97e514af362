package lockstep_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"brownout/internal/bench/lockstep"
	"brownout/internal/bench/turn"
)

// kept keeps what BenchmarkAllocation allocates from being left out.
var kept []byte

// BenchmarkAllocation is measured by the tests.
func BenchmarkAllocation(b *testing.B) {
	for turns := lockstep.Start(b); turns.Next(); {
		kept = make([]byte, 64)
	}
}

// BenchmarkSleep uses no processor time.
func BenchmarkSleep(b *testing.B) {
	for turns := lockstep.Start(b); turns.Next(); {
		time.Sleep(time.Millisecond)
	}
}

func TestOrdinarilyItIsALoopOfN(t *testing.T) {
	var iterations, asked int
	testing.Benchmark(func(b *testing.B) {
		iterations, asked = 0, b.N
		for turns := lockstep.Start(b); turns.Next(); {
			iterations++
		}
	})
	if iterations != asked || asked < 2 {
		t.Errorf("%d iterations of %d", iterations, asked)
	}
}

// A process is a benchmark of this test that is given turns.
type process struct {
	*turn.Pipe
	orders, reports *os.File
	output          bytes.Buffer
	cmd             *exec.Cmd
}

func start(t *testing.T, benchmark, version string) *process {
	t.Helper()
	theirOrders, orders, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reports, theirReports, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Pipe: turn.NewPipe(reports, orders), orders: orders, reports: reports}
	p.cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$", "-test.bench=^Benchmark"+benchmark+"$", "-test.benchtime=1x")
	p.cmd.Env = append(os.Environ(), turn.Env+"="+version)
	p.cmd.ExtraFiles = []*os.File{theirOrders, theirReports}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirOrders.Close()
	_ = theirReports.Close()
	t.Cleanup(func() {
		_ = orders.Close()
		_ = reports.Close()
	})
	return p
}

func (p *process) turn(t *testing.T, o turn.Order) turn.Report {
	t.Helper()
	if err := p.Give(o); err != nil {
		t.Fatal(err)
	}
	r, err := p.Hear()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTurnsAreCountedAndReported(t *testing.T) {
	p := start(t, "Allocation", turn.Version)
	if ready, err := p.Hear(); err != nil || ready != (turn.Report{}) {
		t.Fatalf("ready: %+v, %v", ready, err)
	}
	const n = 20_000
	short := p.turn(t, turn.Order{Kind: turn.Time, N: 1})
	long := p.turn(t, turn.Order{Kind: turn.Time, N: 100 * n})
	if long.CPU <= short.CPU || long.Wall <= short.Wall || long.Wall > time.Minute {
		t.Errorf("one iteration took %+v, %d took %+v", short, 100*n, long)
	}
	memory := p.turn(t, turn.Order{Kind: turn.Memory, N: n})
	if memory.Mallocs/n != 1 || memory.Bytes/n != 64 {
		t.Errorf("%d iterations that allocate 64 bytes made %d allocations of %d bytes", n, memory.Mallocs, memory.Bytes)
	}
	if err := p.Give(turn.Order{Kind: turn.End}); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("it ends with %v:\n%s", err, &p.output)
	}
}

func TestWhoSleepsUsesNoProcessor(t *testing.T) {
	p := start(t, "Sleep", turn.Version)
	if _, err := p.Hear(); err != nil {
		t.Fatal(err)
	}
	r := p.turn(t, turn.Order{Kind: turn.Time, N: 20})
	if r.Wall < 20*time.Millisecond || r.CPU > r.Wall {
		t.Errorf("20 ms of sleep took %v of wall and %v of processor time", r.Wall, r.CPU)
	}
}

func TestItEndsWithWhoMeasures(t *testing.T) {
	p := start(t, "Sleep", turn.Version)
	if _, err := p.Hear(); err != nil {
		t.Fatal(err)
	}
	_ = p.orders.Close()
	ended := make(chan error)
	go func() { ended <- p.cmd.Wait() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("it goes on")
	}
	if !strings.Contains(p.output.String(), "who measures is gone") {
		t.Errorf("it says %q", &p.output)
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	p := start(t, "Sleep", "0")
	if _, err := p.Hear(); err == nil {
		t.Fatal("it takes turns")
	}
	_ = p.cmd.Wait()
	if !strings.Contains(p.output.String(), "is asked to by version 0") {
		t.Errorf("it says %q", &p.output)
	}
}
