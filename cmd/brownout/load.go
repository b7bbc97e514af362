package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"brownout/internal/lab"
	"brownout/internal/service"
	"brownout/internal/shopfile"
	"brownout/loadgen"
	"brownout/loadgen/fleet"
	"brownout/loadgen/wire"
)

// loadCommand sends load to the running shop, or to a URL.
type loadCommand struct {
	loadSettings

	Threshold []string `short:"t" sep:"none" placeholder:"'p99<80ms'" help:"What must hold, or the exit status is 99; may be given more than once."`
	Journal   string   `placeholder:"FILE" help:"Keep every request that is sent from this machine as a line of JSON in a new file."`
	Append    bool     `help:"Add to the journal if it is there; one of another epoch is refused."`
	JSON      string   `name:"json" placeholder:"FILE" help:"Also write the report as JSON; - is standard output, in place of the table."`
	HTML      string   `name:"html" placeholder:"FILE" help:"Also write the report as a page, with charts over time."`
	Quiet     bool     `short:"q" help:"Show no progress."`

	Agents        int    `placeholder:"N" help:"Send the load from so many processes of this machine (default: from this one)."`
	Joiners       int    `placeholder:"N" help:"Wait for so many agents of other machines, which join with --join, and share the load with them."`
	Redis         string `placeholder:"ADDR" help:"The Redis through which they join, as in redis://HOST:6379."`
	Join          string `placeholder:"ADDR" help:"Join the load that waits for agents at that Redis, and send a share of it."`
	RedisPassword string `env:"BROWNOUT_REDIS_PASSWORD" secret:"" placeholder:"PASSWORD" help:"The password of that Redis (default: it asks for none, or the address has it)."`

	Supervisor   string `env:"BROWNOUT_SUPERVISOR" placeholder:"ADDR" help:"Keep the load going, and listen there for those who want it to pause (default: it ends by itself)."`
	AdminToken   string `env:"BROWNOUT_ADMIN_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token that they need."`
	AdminPrivate bool   `env:"BROWNOUT_ADMIN_PRIVATE" help:"Let other machines of a private network ask."`

	Metrics        string `placeholder:"ADDR" help:"Where metrics of the load are shown while it lasts, at /metrics: those of a shop to who has its admin token, those of a URL to this machine. Those of several agents are added up."`
	MetricsPrivate bool   `help:"Let other machines of a private network ask for those of a shop."`
}

// loadSettings say what is sent, and how. They are what agents are told.
type loadSettings struct {
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
}

// Help is the longer help of the command.
func (*loadCommand) Help() string {
	return `
Requests are due by the schedule, whether or not earlier ones have been answered, and their latency counts from when they were due. The report says how late they left: what does not leave within 1 ms has waited for the generator, not for what is measured. With --clients there is no schedule: that shows how much a URL can do, and says little of its latency.

A threshold is [ROUTE.]METRIC, one of < <= > >=, and a bound. Metrics are p50 p90 p99 p99.9 max mean (a time), errors refused unknown unsent (a share of what was due: 1%), rate throughput (a second). Routes are browse, product, login, checkout, order, refund, orders, stock and quote, or the URL's host. Without any request that was acknowledged, the exit status is 1, whether or not thresholds hold.

Ctrl-C stops sending, waits for the answers that are due and prints the report; pressed again, it ends at once.

With --agents, --joiners or both, each agent has its share of the one schedule, and there is one result. If an agent is lost, that is said at once, or after ten seconds in which it was not heard if its machine or its connection is gone, the result names its share, thresholds are unknown, and the exit status is 1. Who joins must be of the same version; who is one too many waits for the next load, or is told so and ends with 1. Who joins is told by that Redis what to load, and headers with it: let nobody write there who should not. A shop is loaded by who joins as its own --shop says.

A journal has what its own machine sent. Each who joins keeps one of its own, with --join ADDR --journal FILE, and nobody collects them: brownout audit takes several.

To put two results side by side: brownout load compare A B.

Examples:

    brownout load --rate 300 --duration 1m --threshold 'checkout.p99<250ms' --threshold 'errors<1%'
    brownout load http://127.0.0.1:8080/v1/products --arrivals spike:100-1000@5s+2s --html report.html
    brownout load http://10.0.0.7/ --rate 20000 --agents 2 --joiners 1 --redis redis://10.0.0.5:6379
    brownout load --join redis://10.0.0.5:6379
    brownout load http://127.0.0.1:8080/v1/products --clients 64
`
}

// Validate is called by the parser.
func (c *loadCommand) Validate(set *kong.Context) error {
	return cmp.Or(c.checkSettings(), firstBroken([]limit{
		{c.Append && c.Journal == "", "--append: there is no --journal"},
		{c.Supervisor != "" && c.AdminToken == "", errNoSupervisorToken.Error()},
		{c.MetricsPrivate && c.Metrics == "", "--metrics-private: there are no --metrics"},
		{c.MetricsPrivate && c.URL != "", "--metrics-private: only a shop has a token that opens them, not a URL"},
		{c.HTML == "-", "--html: want the name of a file"},
	}), c.checkAgents(set))
}

// checkSettings returns what is wrong with what is sent, and how.
func (s *loadSettings) checkSettings() error {
	return firstBroken([]limit{
		{s.Timeout <= 0 || s.Timeout > time.Minute, "--timeout: must be above 0s and at most 1m"},
		{s.MaxInFlight < 1 || s.MaxInFlight > maxInFlight, fmt.Sprintf("--max-in-flight: must be from 1 to %d", maxInFlight)},
		{!(s.TraceShare >= 0 && s.TraceShare <= 1), "--trace-share: must be from 0 to 1"},
		{s.Customers < 1 || s.Customers > shopfile.MaxUsers, fmt.Sprintf("--customers: must be from 1 to %d", shopfile.MaxUsers)},
		{s.URL != "" && s.Mix != "", "--mix: only the shop has customers, not a URL"},
		{s.URL == "" && s.Clients != 0, "--clients: only for a URL"},
		{s.Clients < 0 || s.Clients > wire.MaxClients, fmt.Sprintf("--clients: must be from 1 to %d", wire.MaxClients)},
		{s.Clients > 0 && (s.Rate != defaultRate || s.Arrivals != defaultArrivals), "--clients: they ask when they have their answers, not by --rate and --arrivals"},
		{s.URL == "" && s.Engine == engineWire, "--engine wire: only for a URL"},
		{s.URL == "" && (s.Body != "" || len(s.Header) > 0 || s.Method != "GET"), "--method, --header and --body: only for a URL"},
	})
}

// A limit is one of flags, and what is said if it is broken.
type limit struct {
	broken bool
	text   string
}

// firstBroken returns what is said of the first limit that is broken.
func firstBroken(limits []limit) error {
	for _, l := range limits {
		if l.broken {
			return errors.New(l.text)
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
	if c.Join != "" {
		return c.join(ctx, s)
	}
	plan, err := c.plan(loadgen.Stride{})
	if err != nil {
		return inputError{err}
	}
	if err := plan.checkShop(ctx, c.Shop); err != nil {
		return err
	}
	show, err := c.showMetrics(plan, s.err)
	if err != nil {
		return inputError{err}
	}
	defer show.close()
	defer c.endTraces(plan, s.err)
	files, err := c.openFiles(s.out, plan.epoch())
	if err != nil {
		return inputError{err}
	}
	o, err := c.attack(ctx, s.err, plan, files.journal)
	if o == nil {
		return cmp.Or(err, files.discard())
	}
	err = cmp.Or(err, c.tell(s.out, files, plan, o))
	if err = cmp.Or(err, files.close()); err != nil {
		return err
	}
	return judge(s.out, o.Report, plan.judge(o.Report))
}

// endTraces sends what is left of the traces, and tells what cannot be sent.
func (c *loadCommand) endTraces(plan *loadPlan, told io.Writer) {
	if err := plan.endTraces(); err != nil {
		c.sayer(told)("traces were lost: %v", err)
	}
}

// A thresholdError says that the load ran as asked, and its report did not hold.
type thresholdError struct{ failed, all int }

// Error says how many did not hold.
func (e thresholdError) Error() string {
	return fmt.Sprintf("%d of %d thresholds failed", e.failed, e.all)
}

// An outcome is what came of a load that began at a time.
type outcome struct {
	fleet.Result
	began time.Time
}

// attack sends the load. There is no outcome if it could not begin.
func (c *loadCommand) attack(ctx context.Context, progress io.Writer, plan *loadPlan, journal *loadgen.Journal) (*outcome, error) {
	if plan.shoppers != nil && !c.Quiet {
		fmt.Fprintln(progress, "customers log in")
	}
	if c.several() {
		return c.conduct(ctx, progress, plan, journal)
	}
	if err := plan.prepare(ctx); err != nil {
		return nil, err
	}
	run := loadgen.Run{Engine: plan.engine, Journal: journal}
	if c.HTML != "" {
		run.Timeline = &loadgen.Timeline{}
	}
	if p := c.progress(progress); p != nil {
		run.Progress = p
	}
	began := time.Now()
	report, err := run.Do(ctx)
	if err != nil && report.Total.Scheduled == 0 {
		return nil, err
	}
	return &outcome{fleet.Result{Report: report, Timeline: run.Timeline}, began}, err
}

// progress returns who is told how a load goes that begins now; nil if nobody wants to know.
func (c *loadCommand) progress(out io.Writer) *loadgen.Progress {
	if c.Quiet {
		return nil
	}
	return loadgen.NewProgress(out, widthOf(out), c.Duration)
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

// tell writes the page, if there is one, and prints the table, unless the JSON takes its place.
func (c *loadCommand) tell(out io.Writer, files *loadFiles, plan *loadPlan, o *outcome) error {
	if err := files.empty(); err != nil {
		return err
	}
	if files.page != nil {
		if err := c.sheet(plan, o).HTML(files.page); err != nil {
			return err
		}
	}
	if files.report != nil {
		if err := o.Report.WriteJSON(files.report); err != nil || c.JSON == "-" {
			return err
		}
	}
	return o.Report.WriteText(out)
}

// judge prints what became of each threshold. A load of which nothing was done has failed
// even if they hold, as latencies do when connections are refused at once; and so has one of which a part
// is not known.
func judge(out io.Writer, report loadgen.Report, judgements []loadgen.Judgement) error {
	failed := 0
	for _, j := range judgements {
		if !j.Held {
			failed++
		}
		if _, err := fmt.Fprintln(out, j); err != nil {
			return err
		}
	}
	switch {
	case len(report.Lost) > 0:
		return lostError(report)
	case failed > 0:
		return thresholdError{failed, len(judgements)}
	case report.Interrupted && len(judgements) > 0:
		return errors.New("interrupted: the thresholds held so far, which proves nothing")
	case report.Total.Scheduled > 0 && report.Total.Acknowledged == 0:
		return fmt.Errorf("no request was acknowledged, of %d that came due", report.Total.Scheduled)
	}
	return nil
}
