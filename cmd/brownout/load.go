package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"brownout/internal/lab"
	"brownout/internal/service"
	"brownout/internal/shopfile"
	"brownout/loadgen"
	"brownout/loadgen/wire"
)

// loadCommand sends load to the running shop, or to a URL.
type loadCommand struct {
	URL string `arg:"" optional:"" help:"Request this URL over and over. Without it, be the customers of the running shop."`

	Rate        float64       `short:"r" default:"100" placeholder:"N" help:"Requests a second (default ${default})."`
	Duration    time.Duration `short:"d" default:"10s" help:"How long requests come due (default ${default})."`
	Arrivals    string        `default:"constant" placeholder:"SHAPE" help:"constant, poisson, ramp:FROM-TO, step:A,B,C, spike:BASE-PEAK@AT+WIDTH, or poisson:SHAPE."`
	Clients     int           `placeholder:"N" help:"In place of rate and arrivals: so many clients of the URL, each of which asks again when it has its answer."`
	Seed        uint64        `default:"1" placeholder:"N" help:"The same seed gives the same arrivals and choices (default ${default})."`
	Timeout     time.Duration `default:"5s" help:"How long to wait for an answer, from when the request was due (default ${default})."`
	MaxInFlight int           `default:"10000" placeholder:"N" help:"Requests in flight; what is due beyond that is not sent (default ${default})."`
	Engine      string        `default:"auto" enum:"auto,wire,fasthttp,nethttp" placeholder:"NAME" help:"What sends: wire (one URL of http://, on Linux), fasthttp, nethttp (HTTP/2, proxies), or auto, the first of these that can (default ${default})."`
	TraceShare  float64       `env:"BROWNOUT_TRACE" default:"0" placeholder:"SHARE" help:"The share of requests whose traces are kept whatever becomes of them, from 0 to 1 (default ${default})."`
	OTLP        string        `name:"otlp" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Where the client's part of traces is sent, with OTLP over HTTP: of those that are kept, and of what fails or is slow (default: where the shop's are)."`

	Shop      string `default:".brownout/shop.json" placeholder:"FILE" help:"The file of the running shop (default ${default})."`
	Mix       string `placeholder:"LIST" help:"What customers do, by weight (default browse=60,product=20,login=1,checkout=14,order=3,refund=2)."`
	Customers int    `default:"50" placeholder:"N" help:"How many customers log in (default ${default})."`

	Method string   `default:"GET" help:"The method for the URL (default ${default})."`
	Header []string `short:"H" sep:"none" placeholder:"'NAME: VALUE'" help:"A header for the URL; may be given more than once."`
	Body   string   `placeholder:"TEXT" help:"A body for the URL."`

	Threshold []string `short:"t" sep:"none" placeholder:"'p99<80ms'" help:"What must hold, or the exit status is 99; may be given more than once."`
	Journal   string   `placeholder:"FILE" help:"Keep every request as a line of JSON in a new file."`
	Append    bool     `help:"Add to the journal if it is there; one of another epoch is refused."`
	JSON      string   `name:"json" placeholder:"FILE" help:"Also write the report as JSON; - is standard output, in place of the table."`
	Quiet     bool     `short:"q" help:"Show no progress."`

	Supervisor   string `env:"BROWNOUT_SUPERVISOR" placeholder:"ADDR" help:"Keep the load going, and listen there for those who want it to pause (default: it ends by itself)."`
	AdminToken   string `env:"BROWNOUT_ADMIN_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token that they need."`
	AdminPrivate bool   `env:"BROWNOUT_ADMIN_PRIVATE" help:"Let other machines of a private network ask."`

	Metrics        string `placeholder:"ADDR" help:"Where the shop's admin token opens metrics of the load while it lasts, at /metrics."`
	MetricsPrivate bool   `help:"Let other machines of a private network ask for them."`
}

// Help is the longer help of the command.
func (*loadCommand) Help() string {
	return `
Requests are due by the schedule, whether or not earlier ones have been answered, and their latency counts from when they were due. The report says how late they left: what does not leave within 1 ms has waited for the generator, not for what is measured. With --clients there is no schedule: that shows how much a URL can do, and says little of its latency.

A threshold is [ROUTE.]METRIC, one of < <= > >=, and a bound. Metrics are p50 p90 p99 p99.9 max mean (a time), errors refused unknown unsent (a share of what was due: 1%), rate throughput (a second). Routes are browse, product, login, checkout, order, refund, orders, stock and quote, or the URL's host. Without any request that was acknowledged, the exit status is 1, whether or not thresholds hold.

Ctrl-C stops sending, waits for the answers that are due and prints the report; pressed again, it ends at once.

Examples:

    brownout load --rate 300 --duration 1m --threshold 'checkout.p99<250ms' --threshold 'errors<1%'
    brownout load http://127.0.0.1:8080/v1/products --arrivals spike:100-1000@5s+2s
    brownout load http://127.0.0.1:8080/v1/products --clients 64
`
}

// Validate is called by the parser.
func (c *loadCommand) Validate() error {
	for _, limit := range []struct {
		broken bool
		text   string
	}{
		{c.Timeout <= 0 || c.Timeout > time.Minute, "--timeout: must be above 0s and at most 1m"},
		{c.MaxInFlight < 1 || c.MaxInFlight > maxInFlight, fmt.Sprintf("--max-in-flight: must be from 1 to %d", maxInFlight)},
		{!(c.TraceShare >= 0 && c.TraceShare <= 1), "--trace-share: must be from 0 to 1"},
		{c.Customers < 1 || c.Customers > shopfile.MaxUsers, fmt.Sprintf("--customers: must be from 1 to %d", shopfile.MaxUsers)},
		{c.Append && c.Journal == "", "--append: there is no --journal"},
		{c.Supervisor != "" && c.AdminToken == "", errNoSupervisorToken.Error()},
		{c.URL != "" && c.Mix != "", "--mix: only the shop has customers, not a URL"},
		{c.URL != "" && c.Metrics != "", "--metrics: only a shop has a token that opens them, not a URL"},
		{c.URL == "" && c.Clients != 0, "--clients: only for a URL"},
		{c.Clients < 0 || c.Clients > wire.MaxClients, fmt.Sprintf("--clients: must be from 1 to %d", wire.MaxClients)},
		{c.Clients > 0 && (c.Rate != defaultRate || c.Arrivals != defaultArrivals), "--clients: they ask when they have their answers, not by --rate and --arrivals"},
		{c.URL == "" && c.Engine == engineWire, "--engine wire: only for a URL"},
		{c.MetricsPrivate && c.Metrics == "", "--metrics-private: there are no --metrics"},
		{c.URL == "" && (c.Body != "" || len(c.Header) > 0 || c.Method != "GET"), "--method, --header and --body: only for a URL"},
	} {
		if limit.broken {
			return errors.New(limit.text)
		}
	}
	return nil
}

// The defaults of the schedule, as its flags say.
const (
	defaultRate     = 100
	defaultArrivals = "constant"
)

// maxInFlight bounds the goroutines and connections of a run.
const maxInFlight = 100_000

// Run sends the load and prints the report.
func (c *loadCommand) Run(s streams) error {
	if c.Supervisor != "" {
		admin := service.AdminConfig{Addr: c.Supervisor, Private: c.AdminPrivate, Token: c.AdminToken}
		return supervised(s, lab.SuperviseConfig{Name: "load", Silent: true, Admin: admin}, func(ctx context.Context) error { return c.send(ctx, s) })
	}
	ctx, stop := untilInterrupt()
	defer stop()
	return c.send(ctx, s)
}

// send sends the load until ctx is done, and prints the report.
func (c *loadCommand) send(ctx context.Context, s streams) error {
	plan, err := c.plan()
	if err != nil {
		return inputError{err}
	}
	if err := plan.checkShop(ctx, c.Shop); err != nil {
		return err
	}
	show, err := c.showMetrics(plan)
	if err != nil {
		return inputError{err}
	}
	defer show.close()
	defer func() {
		if lost := plan.endTraces(); lost != nil && !c.Quiet {
			fmt.Fprintln(s.err, "traces were lost:", lost)
		}
	}()
	files, err := c.openFiles(s.out, plan.epoch())
	if err != nil {
		return inputError{err}
	}
	report, err := c.attack(ctx, s.err, plan, files.journal)
	if report != nil {
		err = cmp.Or(err, c.tell(s.out, files.report, *report))
	}
	if err = cmp.Or(err, files.close()); err != nil {
		return err
	}
	return judge(s.out, *report, plan.thresholds)
}

// A thresholdError says that the load ran as asked, and its report did not hold.
type thresholdError struct{ failed, all int }

// Error says how many did not hold.
func (e thresholdError) Error() string {
	return fmt.Sprintf("%d of %d thresholds failed", e.failed, e.all)
}

// attack sends the load. There is no report if it could not begin.
func (c *loadCommand) attack(ctx context.Context, progress io.Writer, plan *loadPlan, journal *loadgen.Journal) (*loadgen.Report, error) {
	if plan.shoppers != nil {
		if !c.Quiet {
			fmt.Fprintln(progress, "customers log in")
		}
		if err := plan.shoppers.Prepare(ctx); err != nil {
			if ctx.Err() != nil {
				err = errors.New("interrupted before any load was sent")
			}
			return nil, err
		}
		go plan.shoppers.Keep(ctx) // ends with the process, or by a signal
	}
	run := loadgen.Run{Engine: plan.engine, Journal: journal}
	if !c.Quiet {
		run.Progress = loadgen.NewProgress(progress, widthOf(progress), c.Duration)
	}
	report, err := run.Do(ctx)
	if err != nil && report.Total.Scheduled == 0 {
		return nil, err
	}
	return &report, err
}

// widthOf returns how to ask a terminal for its columns, nil if it is none on which a line
// can be written over.
func widthOf(w io.Writer) func() int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() int {
		columns, _, _ := term.GetSize(int(file.Fd())) // 0 if it does not say
		return columns
	}
}

// tell prints the table, unless the JSON takes its place.
func (c *loadCommand) tell(out, document io.Writer, report loadgen.Report) error {
	if document != nil {
		if err := report.WriteJSON(document); err != nil || c.JSON == "-" {
			return err
		}
	}
	return report.WriteText(out)
}

// judge prints what became of each threshold. A load of which nothing was done has failed
// even if they hold, as latencies do when connections are refused at once.
func judge(out io.Writer, report loadgen.Report, thresholds []loadgen.Threshold) error {
	failed := 0
	for _, t := range thresholds {
		judgement := t.Judge(report)
		if !judgement.Held {
			failed++
		}
		if _, err := fmt.Fprintln(out, judgement); err != nil {
			return err
		}
	}
	switch {
	case failed > 0:
		return thresholdError{failed, len(thresholds)}
	case report.Interrupted && len(thresholds) > 0:
		return errors.New("interrupted: the thresholds held so far, which proves nothing")
	case report.Total.Scheduled > 0 && report.Total.Acknowledged == 0:
		return fmt.Errorf("no request was acknowledged, of %d that came due", report.Total.Scheduled)
	}
	return nil
}
