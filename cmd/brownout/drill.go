package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	reports "brownout/chaos/report"
	"brownout/chaos/verdict"
	"brownout/internal/lab"
	"brownout/internal/metricstore"
	"brownout/internal/resilience"
	"brownout/internal/shopfile"
)

// drillCommand is all about drills.
type drillCommand struct {
	List drillListCommand `cmd:"" help:"List the drills."`
	Show drillShowCommand `cmd:"" help:"Show what a drill does and what it demands."`
	Run  drillRunCommand  `cmd:"" help:"Run drills, and judge them."`

	Compare drillCompareCommand `cmd:"" help:"Put two runs side by side."`
}

// drillFile reads a drill that is embedded, by its name, or that is a file, by its path.
func drillFile(name string) (text []byte, err error) {
	if slices.Contains(drills.Names(), name) {
		return drills.Read(name)
	}
	if !strings.ContainsAny(name, `/\.`) {
		return nil, inputError{fmt.Errorf("there is no drill %q: brownout drill list names them; the path of a file has a . or a / in it", name)}
	}
	if text, err = os.ReadFile(name); err != nil {
		return nil, inputError{err}
	}
	return text, nil
}

func readPlan(name string) (*drill.Plan, []byte, error) {
	text, err := drillFile(name)
	if err != nil {
		return nil, nil, err
	}
	plan, err := drill.Parser{CheckQuery: metricstore.Validate}.Parse(name, text)
	if err != nil {
		return nil, nil, inputError{err}
	}
	return plan, text, nil
}

// drillListCommand lists drills.
type drillListCommand struct{}

// Run runs the command.
func (*drillListCommand) Run(s streams) error {
	for _, name := range drills.Names() {
		plan, _, err := readPlan(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%-24s %-11s %s\n", plan.Name, plan.Family, plan.Title)
	}
	return nil
}

// drillShowCommand shows a drill.
type drillShowCommand struct {
	Name string `arg:"" placeholder:"NAME" help:"A drill's name, or the path of its file."`
}

// Run runs the command.
func (c *drillShowCommand) Run(s streams) error {
	_, text, err := readPlan(c.Name)
	if err != nil {
		return err
	}
	_, err = s.out.Write(text)
	return err
}

// drillRunCommand runs drills.
type drillRunCommand struct {
	Names   []string `arg:"" optional:"" placeholder:"NAME" help:"Drills, by name, or by the path of their file."`
	All     bool     `help:"Run all drills."`
	Pace    string   `enum:"quick,demo" default:"quick" help:"quick, for machines that check, or demo, for people who watch (default ${default})."`
	Arm     string   `enum:"off,on,both" default:"both" help:"The arm: off, on or both (default ${default})."`
	Seed    uint64   `default:"1" placeholder:"N" help:"Decides arrivals, choices and chance (default ${default})."`
	Out     string   `default:"runs" placeholder:"FOLDER" help:"Where the evidence goes (default ${default})."`
	Without []string `placeholder:"PROTECTION" help:"Protections that the on arm lacks, too: does it need them?"`
	JSON    bool     `name:"json" help:"Print each verdict as a line of JSON, and nothing else."`
	Quiet   bool     `short:"q" help:"Print the verdicts only."`
}

// Help is the longer help of the command.
func (*drillRunCommand) Help() string {
	return `
Each drill runs in two arms on the same arrivals: off, without the protections that it is about, and on, with them. Each arm has a shop and an epoch of its own. An INVALID run is tried again, twice at most. Exit status: 0 if all PASS, 1 if any FAIL, 2 if any is INVALID, 3 for wrong use.
`
}

// Validate is called by the parser.
func (c *drillRunCommand) Validate() error {
	if (len(c.Names) == 0) == !c.All {
		return errors.New("name drills, or say --all")
	}
	for _, name := range c.Without {
		if resilience.Name(name).Help() == "" {
			return fmt.Errorf("--without: there is no protection %q; there are %s", name, protectionNames())
		}
	}
	return nil
}

// retries is how often an INVALID run is tried again.
const retries = 2

// Run runs the command.
func (c *drillRunCommand) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	names := c.Names
	if c.All {
		names = drills.Names()
	}
	scripts, err := readScripts(names)
	if err != nil {
		return err
	}
	var results []verdict.Result
	for _, script := range scripts {
		results = append(results, c.drill(ctx, s, script))
		if ctx.Err() != nil {
			break
		}
	}
	return judged(results)
}

// A script is a drill's file, read.
type script struct {
	plan *drill.Plan
	text []byte
}

// readScripts reads all before any is run.
func readScripts(names []string) ([]script, error) {
	var all []script
	for _, name := range names {
		plan, text, err := readPlan(name)
		if err != nil {
			return nil, err
		}
		all = append(all, script{plan, text})
	}
	return all, nil
}

// drill runs one, again if it is INVALID. What could not be run is INVALID too.
func (c *drillRunCommand) drill(ctx context.Context, s streams, d script) verdict.Result {
	for try := 0; ; try++ {
		v, dir, err := c.once(ctx, s, d, try)
		if err == nil {
			err = c.tell(s.out, v, dir)
		}
		if err != nil {
			report(s.err, fmt.Errorf("%s: %w", d.plan.Name, err))
			v.Result = verdict.Invalid
		}
		if v.Result != verdict.Invalid || try == retries || ctx.Err() != nil {
			return v.Result
		}
	}
}

func (c *drillRunCommand) once(ctx context.Context, s streams, d script, try int) (verdict.Verdict, string, error) {
	dir := filepath.Join(c.Out, time.Now().UTC().Format("20060102T150405Z")+"-"+d.plan.Name)
	if try > 0 {
		dir += fmt.Sprintf("-%d", try+1)
	}
	config := drill.RunConfig{
		Plan: d.plan, Text: d.text, Pace: drill.Pace(c.Pace), Seed: c.Seed, Dir: dir, Open: openShop,
		Versions: map[string]string{"brownout": version(), "go": runtime.Version(), "machine": fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
	}
	if c.Arm != "both" {
		config.Arms = []string{c.Arm}
	}
	for _, name := range c.Without {
		config.Without = append(config.Without, resilience.Name(name))
	}
	if !c.JSON && !c.Quiet {
		fmt.Fprintf(s.out, "%s: %s\n", d.plan.Name, d.plan.Title)
		config.Tell = timeline(s.out)
	}
	run, v, err := drill.Run(ctx, config)
	if run != nil {
		err = errors.Join(err, reports.WriteAll(dir, newReport(dir, d.plan, run, v)))
	}
	return v, dir, err
}

// timeline prints what happens, with the seconds since the load began.
func timeline(out io.Writer) func(drill.Event) {
	var began time.Time
	return func(e drill.Event) {
		at := "      "
		switch e.Kind {
		case drill.ArmBegan:
			began = time.Time{}
		case drill.LoadBegan:
			began = time.Now()
		}
		if !began.IsZero() {
			at = fmt.Sprintf("%5.1fs", time.Since(began).Seconds())
		}
		fmt.Fprintf(out, "  %-3s %s  %s\n", e.Arm, at, e)
	}
}

// tell prints a verdict.
func (c *drillRunCommand) tell(out io.Writer, v verdict.Verdict, dir string) error {
	if c.JSON {
		text, err := json.Marshal(struct {
			verdict.Verdict
			Evidence string `json:"evidence"`
		}{v, dir})
		if err == nil {
			_, err = out.Write(append(text, '\n'))
		}
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s%s\n", v.Result, v.Drill, half(v))
	for _, group := range []struct {
		title    string
		findings []verdict.Finding
	}{{"off arm, as predicted", v.Signature}, {"on arm, as promised", v.Promises}} {
		for _, f := range group.findings {
			mark := "✓"
			if !f.Held {
				mark = "✗"
			}
			fmt.Fprintf(&b, "  %s %s: %s\n", mark, group.title, f.Why)
		}
	}
	for _, reason := range v.Reasons {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	fmt.Fprintf(&b, "  evidence: %s\n  report: %s\n", dir, filepath.Join(dir, reports.HTMLFile))
	_, err := out.Write(b.Bytes())
	return err
}

// half says that a verdict is that of one arm alone.
func half(v verdict.Verdict) string {
	if v.Partial {
		return ", of one arm alone"
	}
	return ""
}

// A drillError says that not all drills passed.
type drillError struct {
	failed, invalid, all int
}

// Error says how many did not.
func (e drillError) Error() string {
	return fmt.Sprintf("of %d drills, %d FAIL and %d INVALID", e.all, e.failed, e.invalid)
}

func (e drillError) status() int {
	if e.failed > 0 {
		return statusFail
	}
	return statusInvalid
}

// isVerdict says whether an error is what drills have shown.
func isVerdict(err error) bool {
	_, ok := errors.AsType[drillError](err)
	return ok
}

func judged(results []verdict.Result) error {
	e := drillError{all: len(results)}
	for _, r := range results {
		switch r {
		case verdict.Fail:
			e.failed++
		case verdict.Invalid:
			e.invalid++
		}
	}
	if e.failed+e.invalid > 0 {
		return e
	}
	return nil
}

// openShop opens the shop of an arm: the lab, with every process of its own.
func openShop(ctx context.Context, c drill.ShopConfig) (*drill.OpenShop, error) {
	ctx, stop := context.WithCancel(ctx)
	ready, ended := make(chan *shopfile.Shop, 1), make(chan error, 1)
	config := lab.UpConfig{
		Dir: c.Dir, BcryptCost: c.Shop.BcryptCost, Links: c.Shop.Links, Out: io.Discard, Args: shopArgs(c.Shop),
		Serve: []string{"--log-level=WARN"}, Ready: func(s *shopfile.Shop) { ready <- s },
	}
	if c.OTLP != "" {
		config.Serve = append(config.Serve, "--otlp="+c.OTLP)
	}
	for _, name := range c.Off {
		config.Serve = append(config.Serve, "--off="+string(name))
	}
	go func() { ended <- lab.Up(ctx, config) }()
	select {
	case file := <-ready:
		return &drill.OpenShop{File: file, Close: func() error { stop(); return <-ended }}, nil
	case err := <-ended:
		stop()
		if err == nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
}

// shopArgs are the arguments by which a drill's shop differs from the usual one.
func shopArgs(s drill.Shop) map[string][]string {
	args := map[string][]string{}
	add := func(part, flag string, given bool, value any) {
		if given {
			args[part] = append(args[part], fmt.Sprintf("--%s=%v", flag, value))
		}
	}
	for _, bank := range []string{"bank-a", "bank-b"} {
		add(bank, "clerks", s.Bank.Workers > 0, s.Bank.Workers)
		add(bank, "service-time", s.Bank.ServiceTime > 0, s.Bank.ServiceTime)
	}
	add("inventory", "clerks", s.Inventory.Workers > 0, s.Inventory.Workers)
	add("inventory", "service-time", s.Inventory.ServiceTime > 0, s.Inventory.ServiceTime)
	for part, more := range s.Args {
		args[part] = append(args[part], more...)
	}
	return args
}
