package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"brownout/internal/bench/turn"
)

// Limits of a contestant.
const (
	startTime = 30 * time.Second // until it is ready
	turnTime  = 30 * time.Second // of a turn
	endTime   = 5 * time.Second  // after its last one
	maxOutput = 8 << 10          // bytes of what it prints
)

// A contestant is a process that runs one benchmark of one build, turn by turn.
type contestant struct {
	pipe    *turn.Pipe
	orders  *os.File
	reports *os.File
	command *exec.Cmd
	printed printed
}

// startContestant starts a benchmark, and returns when it is ready. A benchmark that is not there, or takes no turns, is a Misuse.
func startContestant(ctx context.Context, b build, m micro) (*contestant, error) {
	theirOrders, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	reports, theirReports, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirOrders.Close(), orders.Close())
	}
	c := &contestant{pipe: turn.NewPipe(reports, orders), orders: orders, reports: reports}
	c.command = exec.CommandContext(ctx, b.testProgram(m.pkg), "-test.run=^$", "-test.bench="+exactly(m.benchmark), "-test.benchtime=1x")
	c.command.Dir = b.dir
	c.command.Env = append(os.Environ(), turn.Env+"="+turn.Version)
	c.command.ExtraFiles = []*os.File{theirOrders, theirReports} // turn.OrdersFile, turn.ReportsFile
	c.command.Stdout, c.command.Stderr = &c.printed, &c.printed
	c.command.WaitDelay = endTime
	c.command.SysProcAttr = ofItsOwn()
	err = c.command.Start()
	err = errors.Join(err, theirOrders.Close(), theirReports.Close())
	if err != nil {
		return nil, errors.Join(err, orders.Close(), reports.Close())
	}
	if err = reports.SetReadDeadline(time.Now().Add(startTime)); err == nil {
		_, err = c.pipe.Hear()
	}
	if err != nil {
		c.kill()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.refusal(b, m)
	}
	return c, nil
}

// exactly is the regular expression of one benchmark.
func exactly(benchmark string) string {
	parts := strings.Split("Benchmark"+benchmark, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// refusal says why a benchmark was not ready.
func (c *contestant) refusal(b build, m micro) error {
	for line := range strings.Lines(string(c.printed)) {
		if line = strings.TrimSpace(line); strings.Contains(line, "lockstep:") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "--- FAIL") {
			return misuse("%s of %s fails in revision %s: %s", m.benchmark, m.pkg, b.short(), line)
		}
	}
	return misuse("%s has no benchmark %s that takes turns, with brownout/internal/bench/lockstep, in revision %s", m.pkg, m.benchmark, b.short())
}

// turn gives it a turn.
func (c *contestant) turn(kind turn.Kind, n int) (r turn.Report, err error) {
	if err := c.reports.SetReadDeadline(time.Now().Add(turnTime)); err != nil {
		return r, err
	}
	if err := c.pipe.Give(turn.Order{Kind: kind, N: n}); err != nil {
		return r, c.lost(err)
	}
	if r, err = c.pipe.Hear(); err != nil {
		return r, c.lost(err)
	}
	return r, nil
}

// lost says what became of a contestant that takes its turn no more.
func (c *contestant) lost(err error) error {
	c.kill()
	return fmt.Errorf("%s took no more turns (%w): %s", c.command.Args[2], err, complaint(string(c.printed)))
}

// end lets it end, and makes it if it does not.
func (c *contestant) end() {
	_ = c.pipe.Give(turn.Order{Kind: turn.End}) // to who has ended already
	ended := time.AfterFunc(endTime, func() { _ = c.command.Process.Kill() })
	defer ended.Stop()
	c.close()
}

func (c *contestant) kill() {
	_ = c.command.Process.Kill()
	c.close()
}

// close waits for its end. What it has measured was told before.
func (c *contestant) close() {
	_ = c.orders.Close()
	_ = c.command.Wait()
	_ = c.reports.Close()
}

// printed keeps the beginning of what a process prints.
type printed []byte

// Write implements io.Writer.
func (p *printed) Write(text []byte) (int, error) {
	*p = append(*p, text[:min(len(text), maxOutput-len(*p))]...)
	return len(text), nil
}
