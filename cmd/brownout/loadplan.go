package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/shopfile"
	"brownout/internal/telemetry"
	"brownout/loadgen"
)

// A loadPlan is what the flags of load ask for.
type loadPlan struct {
	thresholds []loadgen.Threshold
	engine     loadgen.Engine
	shoppers   *loadgen.Shoppers   // nil if the load goes to a URL
	shop       *shopfile.Shop      // nil, too
	patience   evidence.Patience   // of its clients
	shown      *loadgen.Metrics    // nil if they are not shown
	metrics    *telemetry.Registry // nil, too
	routes     []string            // that are taken
	tracing    *telemetry.Tracing
}

// plan returns what the flags ask for, of a share of the load if it is not zero, or what is wrong with them.
func (c *loadCommand) plan(share loadgen.Stride) (*loadPlan, error) {
	plan := new(loadPlan)
	for _, text := range c.Threshold {
		t, err := loadgen.ParseThreshold(text)
		if err != nil {
			return nil, err
		}
		plan.thresholds = append(plan.thresholds, t)
	}
	config := loadgen.AttackerConfig{Timeout: c.Timeout, MaxInFlight: c.MaxInFlight, Sleep: loadgen.FineSleep}
	var err error
	config.Pacer, err = loadgen.Arrivals{Text: c.Arrivals, Rate: c.Rate, Length: c.Duration, Seed: c.Seed}.Pacer()
	if err == nil && share.Of > 1 {
		config.Pacer = share.Pacer(config.Pacer)
	}
	if err == nil {
		err = c.aim(plan, &config)
	}
	if err == nil && share.Of > 1 {
		config.Scenario = share.Scenario(config.Scenario)
	}
	if err == nil {
		err = plan.checkThresholds()
	}
	if err == nil {
		plan.tracing, err = telemetry.NewTracing(telemetry.TracingConfig{Service: "load", Ratio: c.TraceShare, Endpoint: plan.otlp(c.OTLP)})
		config.Tracing = plan.tracing
	}
	if plan.engine == nil {
		plan.engine = loadgen.NewAttacker(config)
	}
	return plan, err
}

// prepare logs customers in, if there are any, and keeps them in until ctx is done.
func (p *loadPlan) prepare(ctx context.Context) error {
	if p.shoppers == nil {
		return nil
	}
	if err := p.shoppers.Prepare(ctx); err != nil {
		if ctx.Err() != nil {
			err = errNothingSent
		}
		return err
	}
	go p.shoppers.Keep(ctx) // ends with the process, or by a signal
	return nil
}

var errNothingSent = errors.New("interrupted before any load was sent")

// judge says what became of each threshold.
func (p *loadPlan) judge(report loadgen.Report) (all []loadgen.Judgement) {
	for _, t := range p.thresholds {
		all = append(all, t.Judge(report))
	}
	return all
}

// checkThresholds refuses those that no request could hold.
func (p *loadPlan) checkThresholds() error {
	for _, t := range p.thresholds {
		if t.Route() != "" && !slices.Contains(p.routes, t.Route()) {
			return fmt.Errorf("threshold %q: nothing is sent to %s, but to %s", t, t.Route(), strings.Join(p.routes, ", "))
		}
	}
	return nil
}

// otlp is where traces are sent: where it is said, or where those of the shop are.
func (p *loadPlan) otlp(said string) string {
	if said == "" && p.shop != nil {
		return p.shop.OTLP
	}
	return said
}

// endTraces sends what is left of the traces, but does not wait long for who does not take them.
func (p *loadPlan) endTraces() error {
	ctx, cancel := context.WithTimeout(context.Background(), tracesTimeout)
	defer cancel()
	return p.tracing.Shutdown(ctx)
}

// tracesTimeout is how long the traces that are left may take to be sent.
const tracesTimeout = 2 * time.Second

// checkShop wants the shop to run, if the load goes to one.
func (p *loadPlan) checkShop(ctx context.Context, path string) error {
	if p.shop == nil {
		return nil
	}
	return checkRuns(ctx, path, p.shop)
}

// epoch returns that of the shop, zero if it is not known.
func (p *loadPlan) epoch() evidence.Epoch {
	if p.shop == nil {
		return evidence.Epoch{}
	}
	return epochOf(p.shop)
}

// aim fills in what is sent, and to whom.
func (c *loadCommand) aim(plan *loadPlan, config *loadgen.AttackerConfig) error {
	if c.URL != "" {
		return c.aimAtURL(plan, config)
	}
	return c.aimAtShop(plan, config)
}

func (c *loadCommand) aimAtURL(plan *loadPlan, config *loadgen.AttackerConfig) error {
	target, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	headers, err := parseHeaders(c.Header)
	if err != nil {
		return err
	}
	fixed, err := loadgen.NewFixed(c.Method, target, headers, []byte(c.Body))
	if err != nil {
		return err
	}
	plan.routes = []string{target.Host}
	c.show(plan, evidence.Patience{Default: c.Timeout}, plan.routes)
	engine, err := c.engineFor(target)
	if err != nil {
		return err
	}
	if engine == engineWire {
		plan.engine, err = c.wireEngine(config, target, headers)
		return err
	}
	config.Scenario, config.Doer = fixed, newClient(engine, target, c.MaxInFlight)
	config.Peer = telemetry.HTTPPeer(target.Host, target.Host)
	config.Metrics = plan.shown
	return nil
}

// show has metrics of the load, of clients with some patience, if they are wanted.
func (c *loadCommand) show(plan *loadPlan, p evidence.Patience, routes []string) {
	plan.patience = p
	if c.Metrics != "" {
		plan.metrics = telemetry.NewRegistry("load")
		plan.shown = loadgen.NewMetrics(plan.metrics, p, routes)
	}
}

func parseHeaders(texts []string) ([]loadgen.Header, error) {
	var headers []loadgen.Header
	for _, text := range texts {
		name, value, found := strings.Cut(text, ":")
		name = strings.TrimSpace(name)
		if !found || name == "" || strings.ContainsAny(text, "\r\n") {
			return nil, fmt.Errorf("header %q: want NAME: VALUE", text)
		}
		headers = append(headers, loadgen.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return headers, nil
}

// besideLoad is how many connections there are for logins, beside those of the load.
const besideLoad = 8

func (c *loadCommand) aimAtShop(plan *loadPlan, config *loadgen.AttackerConfig) error {
	mix, err := loadgen.ParseMix(c.Mix)
	if err != nil {
		return err
	}
	found, err := shopfile.Read(c.Shop)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no shop found at %s: start one with `brownout up`, or give a URL", c.Shop)
	}
	if err != nil {
		return err
	}
	gateway, err := url.Parse(found.Gateway)
	if err != nil {
		return err
	}
	client := newClient(c.Engine, gateway, c.MaxInFlight+besideLoad)
	plan.shoppers, err = loadgen.NewShoppers(loadgen.ShoppersConfig{
		Shop: found, Doer: client, Mix: mix, Seed: c.Seed, Customers: c.Customers, Timeout: c.Timeout,
	})
	plan.shop, plan.routes = found, mix.Routes()
	config.Scenario, config.Doer = plan.shoppers, client
	config.Peer = telemetry.HTTPPeer("gateway", gateway.Host)
	c.show(plan, loadgen.UsualPatience(), loadgen.Routes())
	config.Metrics = plan.shown
	return err
}

// loadFiles are those that load writes. They are opened before it begins, so that no run
// is lost because they cannot be.
type loadFiles struct {
	journal *loadgen.Journal // nil without --journal
	made    string           // the journal's file, if it is new
	report  io.Writer        // nil without --json
	page    io.Writer        // nil without --html
	reports []*os.File       // of these, those that are files
}

// openFiles opens them. If there is an error, no journal is left, which the next run would refuse. Earlier reports are
// as they were until there is a new one.
func (c *loadCommand) openFiles(out io.Writer, epoch evidence.Epoch) (files *loadFiles, err error) {
	files = new(loadFiles)
	defer func() {
		if err != nil {
			_ = files.discard() // nothing was written
		}
	}()
	if c.JSON == "-" {
		files.report = out
	} else if c.JSON != "" {
		if files.report, err = files.open(c.JSON); err != nil {
			return files, err
		}
	}
	if c.HTML != "" {
		if files.page, err = files.open(c.HTML); err != nil {
			return files, err
		}
	}
	if c.Journal != "" {
		if files.journal, err = c.openJournal(epoch); err == nil && !c.Append {
			files.made = c.Journal
		}
	}
	return files, err
}

// open opens a report's file, as it is.
func (f *loadFiles) open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err == nil {
		f.reports = append(f.reports, file)
	}
	return file, err
}

// empty empties the files of reports; a device or a pipe has nothing in it.
func (f *loadFiles) empty() error {
	for _, file := range f.reports {
		info, err := file.Stat()
		if err == nil && info.Mode().IsRegular() {
			err = file.Truncate(0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *loadFiles) close() (failed error) {
	for _, file := range f.reports {
		failed = cmp.Or(failed, file.Close())
	}
	if f.journal != nil {
		failed = cmp.Or(failed, f.journal.Close())
	}
	return failed
}

// discard closes them, of a load that did not begin.
func (f *loadFiles) discard() error {
	err := f.close()
	if f.made != "" {
		err = cmp.Or(err, os.Remove(f.made))
	}
	return err
}

func (c *loadCommand) openJournal(epoch evidence.Epoch) (*loadgen.Journal, error) {
	journal, err := loadgen.OpenJournal(c.Journal, c.Append, epoch)
	if errors.Is(err, fs.ErrExist) {
		return nil, c.taken()
	}
	return journal, err
}

// taken says that there is a journal already.
func (c *loadCommand) taken() error {
	return fmt.Errorf("%s is there already: give another --journal, or --append", c.Journal)
}
