package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/lab"
	"brownout/internal/shopfile"
	"brownout/loadgen"
)

// Limits of a shop that is measured.
const (
	openTime    = time.Minute // until it is open
	connections = 256         // that load it
)

// A shop is one that a build runs, as processes of its own, in a folder of its own. Passwords are hashed at the lowest cost:
// the customers' logins would hide what is measured.
type shop struct {
	build   build
	dir     string
	command *exec.Cmd
	stop    context.CancelFunc
	said    printed       // of what is wrong with it
	opened  time.Duration // how long it took to open
	found   *shopfile.Shop
	parts   map[string]int // processes, by name

	client    *fasthttp.HostClient
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
	if errors.Is(err, lab.ErrNotOpened) {
		err = fmt.Errorf("%w: %s", err, complaint(string(s.said)))
	}
	return nil, fmt.Errorf("the shop of revision %s: %w", b.short(), err)
}

func (s *shop) start(ctx context.Context) error {
	ctx, s.stop = context.WithCancel(ctx)
	s.command = childCommand(ctx, s.build.program(), "up", "--dir", s.dir, "--port", "0", "--load", "0", "--no-room", "--bcrypt-cost", "4")
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
	if s.parts, err = lab.Parts(s.command.Process.Pid); err != nil {
		return err
	}
	return s.admit(ctx)
}

// awaitOpen reads what up says until the shop is open, or it is too late.
func (s *shop) awaitOpen(out io.Reader) error {
	tooLate := time.AfterFunc(openTime, s.stop)
	defer tooLate.Stop()
	err := lab.AwaitOpen(out)
	if err == nil {
		go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the shop
	}
	return err
}

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

// close closes the shop, in order and with one signal, for a second one would end it in disorder, and forgets its data.
func (s *shop) close() {
	if s.stop != nil {
		s.stop()
	}
	if s.command != nil && s.command.Process != nil {
		_ = s.command.Wait()
	}
	if s.client != nil {
		s.client.CloseIdleConnections()
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
	if err == nil {
		err = ctx.Err()
	}
	return report, err
}

// errBehind says that a shop fell behind its load, so that what is measured of it is of another load than it is to be.
var errBehind = errors.New("fell behind")

// withstand has a load come that the shop is to keep up with; else the error wraps errBehind.
func (s *shop) withstand(ctx context.Context, rate float64, length time.Duration) (loadgen.Report, error) {
	report, err := s.load(ctx, rate, length)
	if total := report.Total; err == nil && !keepsUp(total.Acknowledged, total.Scheduled) {
		err = fmt.Errorf("the shop of revision %s %w: of %d requests, which came at %.4g a second, it acknowledged %d%s", s.build.short(), errBehind, total.Scheduled, rate, total.Acknowledged, codes(total.Codes))
	}
	return report, err
}

// codes tells how often each error came, in brackets.
func codes(of map[string]int64) string {
	var all []string
	for _, code := range slices.Sorted(maps.Keys(of)) {
		all = append(all, fmt.Sprintf("%d %s", of[code], code))
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

// keepsUp says whether so many of a load's requests are as good as all: one in twenty may fail, and of few two, but not a quarter.
func keepsUp(acknowledged, scheduled int64) bool {
	return acknowledged > 0 && scheduled-acknowledged <= max(min(2, scheduled/5), scheduled/20)
}

// cpu is what all parts have used of processors.
func (s *shop) cpu() (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	for name, pid := range s.parts {
		var err error
		if used[name], err = lab.ProcessorTime(pid); err != nil {
			return nil, fmt.Errorf("%s of revision %s: %w", name, s.build.short(), err)
		}
	}
	return used, nil
}
