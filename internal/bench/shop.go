package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/internal/lab"
	"brownout/internal/shopfile"
	"brownout/loadgen"
)

// Limits of a shop that is measured.
const (
	openTime    = time.Minute      // until it is open
	closeTime   = 20 * time.Second // until it is closed
	connections = 256              // that load it
)

// A shop is one that a build runs, as processes of its own, in a folder of its own. Passwords are hashed at the lowest cost:
// the customers' logins would hide what is measured.
type shop struct {
	build   build
	dir     string
	command *exec.Cmd
	said    printed       // of what is wrong with it
	opened  time.Duration // how long it took to open
	found   *shopfile.Shop
	parts   map[string]int // processes, by name

	client    loadgen.Doer
	customers *loadgen.Shoppers
	sent      int64 // the place in the customers' schedule
}

// openShop opens one, and has its customers log in. It is closed when ctx is done.
func openShop(ctx context.Context, b build) (s *shop, err error) {
	s = &shop{build: b}
	if s.dir, err = os.MkdirTemp("", "brownout-bench"); err != nil {
		return nil, err
	}
	err = s.start(ctx)
	if err == nil {
		return s, nil
	}
	s.close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errors.Is(err, errNotOpen) {
		err = fmt.Errorf("%w: %s", err, complaint(string(s.said)))
	}
	return nil, fmt.Errorf("the shop of revision %s: %w", b.short(), err)
}

func (s *shop) start(ctx context.Context) error {
	s.command = exec.CommandContext(ctx, s.build.program(), "up", "--dir", s.dir, "--port", "0", "--load", "0", "--no-room", "--bcrypt-cost", "4")
	s.command.Env = append(os.Environ(), lab.Supervised+"=1") // it ends with its standard input, and so with this process
	s.command.Cancel = func() error { return s.command.Process.Signal(os.Interrupt) }
	s.command.WaitDelay = closeTime
	s.command.Stderr = &s.said
	if _, err := s.command.StdinPipe(); err != nil {
		return err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.command.Start(); err != nil {
		return err
	}
	if err := s.awaitOpen(out); err != nil {
		return err
	}
	s.opened = time.Since(began)
	if s.parts, err = partsOf(s.command.Process.Pid); err != nil {
		return err
	}
	return s.admit(ctx)
}

// awaitOpen reads what up says until the shop is open.
func (s *shop) awaitOpen(out io.Reader) error {
	tooLate := time.AfterFunc(openTime, func() { _ = s.command.Process.Kill() })
	defer tooLate.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Ctrl-C closes the shop") {
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the shop
			return nil
		}
	}
	return errNotOpen
}

var errNotOpen = errors.New("it did not open")

// admit has customers log in.
func (s *shop) admit(ctx context.Context) (err error) {
	if s.found, err = shopfile.Read(filepath.Join(s.dir, "shop.json")); err != nil {
		return err
	}
	gateway, err := url.Parse(s.found.Gateway)
	if err != nil {
		return err
	}
	s.client = loadgen.NewClient(gateway, connections)
	s.customers, err = loadgen.NewShoppers(loadgen.ShoppersConfig{Shop: s.found, Doer: s.client, Seed: 1, Warm: true})
	if err != nil {
		return err
	}
	return s.customers.Prepare(ctx)
}

// close closes the shop and forgets its data.
func (s *shop) close() {
	if s.command != nil && s.command.Process != nil {
		_ = s.command.Process.Signal(os.Interrupt)
		late := time.AfterFunc(closeTime, func() { _ = s.command.Process.Kill() })
		_ = s.command.Wait()
		late.Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// steps is how far the customers' schedule goes on with each load, so that both builds' shops are asked the same.
const steps = 1 << 20

// Next is the scenario of the shop's customers, from where they are.
func (s *shop) Next(seq int64) loadgen.Action { return s.customers.Next(s.sent + seq) }

// load has requests come at a rate for a time, and waits for all answers.
func (s *shop) load(ctx context.Context, rate float64, length time.Duration) (loadgen.Report, error) {
	pacer, err := loadgen.Arrivals{Rate: rate, Length: length}.Pacer()
	if err != nil {
		return loadgen.Report{}, err
	}
	run := loadgen.Run{Engine: loadgen.NewAttacker(loadgen.AttackerConfig{Pacer: pacer, Scenario: s, Doer: s.client, Sleep: loadgen.FineSleep})}
	report, err := run.Do(ctx)
	s.sent += steps
	switch {
	case err != nil:
		return report, err
	case ctx.Err() != nil:
		return report, ctx.Err()
	case report.Total.Acknowledged*2 < report.Total.Scheduled:
		return report, fmt.Errorf("the shop of revision %s does not keep up with %.4g requests a second: %d of %d were acknowledged", s.build.short(), rate, report.Total.Acknowledged, report.Total.Scheduled)
	}
	return report, nil
}

// partsOf returns the processes of services and banks that are children of another, by their names.
func partsOf(parent int) (map[string]int, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		return nil, err
	}
	parts := map[string]int{}
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(children)) {
			pid, err := strconv.Atoi(child)
			if err != nil {
				return nil, err
			}
			if name := partOf(pid); name != "" {
				parts[name] = pid
			}
		}
	}
	if parts["gateway"] == 0 {
		return nil, fmt.Errorf("it has no gateway, but %v", parts)
	}
	return parts, nil
}

// partOf is the service that a process is, or the bank; "" if it is none.
func partOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	words := strings.Split(string(text), "\x00")
	if err != nil || len(words) < 3 || words[1] != "serve" {
		return ""
	}
	if i := slices.Index(words, "--name"); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return words[2]
}

// cpu is what all parts have used of processors.
func (s *shop) cpu() (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	for name, pid := range s.parts {
		var err error
		if used[name], err = processorTime(pid); err != nil {
			return nil, fmt.Errorf("%s of revision %s: %w", name, s.build.short(), err)
		}
	}
	return used, nil
}
