package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"brownout/dashboards"
	"brownout/internal/loopback"
	"brownout/internal/metricstore"
	"brownout/internal/room"
	"brownout/internal/shopfile"
	"brownout/internal/telemetry"
	"brownout/internal/tracestore"
)

// roomName is that of the process in logs and in the line that says that it is ready.
const roomName = "room"

// roomCommand runs what watches a shop.
type roomCommand struct {
	Shop string `env:"BROWNOUT_SHOP" default:".brownout/shop.json" placeholder:"FILE" help:"The file of the shop that is watched (default ${default}). It may come later, and change."`
	Dir  string `env:"BROWNOUT_DIR" default:".brownout" placeholder:"FOLDER" help:"Where metrics are kept, in its folder metrics (default ${default})."`
	Runs string `env:"BROWNOUT_RUNS" default:"runs" placeholder:"FOLDER" help:"Where drills leave their evidence, and its reports are read (default ${default})."`

	Listen           string `env:"BROWNOUT_LISTEN" default:"127.0.0.1:7070" placeholder:"ADDR" help:"Where the page listens (default ${default})."`
	PrometheusListen string `env:"BROWNOUT_PROMETHEUS_LISTEN" default:"127.0.0.1:9090" placeholder:"ADDR" help:"Where Prometheus' HTTP API listens (default ${default})."`
	OTLPListen       string `name:"otlp-listen" env:"BROWNOUT_OTLP_LISTEN" default:"127.0.0.1:4318" placeholder:"ADDR" help:"Where traces are taken, with OTLP over HTTP (default ${default})."`
	Private          bool   `env:"BROWNOUT_ROOM_PRIVATE" help:"Let all three listen at addresses of a private network, and answer it: for a container whose ports are published on loopback."`

	Hosts []string `name:"host" env:"BROWNOUT_HOSTS" placeholder:"HOST:PORT" help:"A value of the header Host that all three answer beside localhost and addresses, such as room:4318, by which containers know where to send traces; may be given often, or with commas."`

	Prometheus string        `env:"BROWNOUT_PROMETHEUS" placeholder:"URL" help:"A Prometheus server that watches the shop: it is asked, and nothing is scraped, kept or answered here."`
	Rules      []string      `sep:"none" placeholder:"GLOB" help:"Rule files in Prometheus' format; may be given often (default: the project's own)."`
	Retention  time.Duration `default:"24h" help:"How long metrics are kept (default ${default})."`
	Disk       byteCount     `default:"512MiB" placeholder:"BYTES" help:"What metrics may take on disk (default ${default})."`

	MemoryLimit byteCount  `env:"BROWNOUT_MEMORY_LIMIT" default:"64MiB" placeholder:"BYTES" help:"What the process may use of memory before it collects garbage without a pause (default ${default})."`
	LogLevel    slog.Level `env:"BROWNOUT_LOG_LEVEL" default:"INFO" placeholder:"LEVEL" help:"DEBUG, INFO, WARN or ERROR (default ${default})."`
}

// Help is the longer help of the command.
func (*roomCommand) Help() string {
	return `
Scrapes all parts of a shop once a second, evaluates rules, takes traces, and shows them: to people as a page, to Grafana and promtool as Prometheus' API. It asks nobody for a token, and answers this machine alone. brownout up starts one by itself.
`
}

// Bounds of the flags, and of what a room keeps.
const (
	leastRetention = 10 * time.Minute
	mostRetention  = 30 * 24 * time.Hour
	leastDisk      = 16 << 20
	mostDisk       = 1 << 40

	roomExemplars    = 4096
	roomQuerySamples = 1_000_000
	roomTraces       = 2000
	roomTraceBytes   = 16 << 20
	roomGCPercent    = 50 // of garbage beside what is alive: it is mostly memory that a lab should spare
)

// Validate is called by the parser.
func (c *roomCommand) Validate() error {
	switch {
	case c.Retention < leastRetention || c.Retention > mostRetention:
		return fmt.Errorf("--retention: must be from %v to %v", leastRetention, mostRetention)
	case c.Disk < leastDisk || c.Disk > mostDisk:
		return errors.New("--disk: must be from 16MiB to 1024GiB")
	case c.MemoryLimit < leastMemory || c.MemoryLimit > mostMemory:
		return errors.New("--memory-limit: must be from 16MiB to 1024GiB")
	}
	for _, host := range c.Hosts {
		if name, port, err := net.SplitHostPort(host); err != nil || name == "" || port == "" {
			return fmt.Errorf("--host: %q: want HOST:PORT, as in room:4318", host)
		}
	}
	return nil
}

// Run runs the command.
func (c *roomCommand) Run(s streams) error {
	rules, err := c.readRules()
	if err != nil {
		return inputError{err}
	}
	return untilSignal(s, roomName, func(ctx context.Context) error {
		debug.SetMemoryLimit(int64(c.MemoryLimit))
		debug.SetGCPercent(roomGCPercent)
		return c.watch(ctx, s, rules)
	})
}

// readRules reads and checks the rules that are evaluated.
func (c *roomCommand) readRules() ([]metricstore.RuleFile, error) {
	if len(c.Rules) == 0 {
		return metricstore.ReadRules(dashboards.Rules(), "*.yaml")
	}
	var files []metricstore.RuleFile
	for _, pattern := range c.Rules {
		folder := filepath.Dir(pattern)
		found, err := metricstore.ReadRules(os.DirFS(folder), filepath.Base(pattern))
		if err != nil {
			return nil, fmt.Errorf("--rules: %s: %w", folder, err)
		}
		for i := range found {
			found[i].Name = filepath.Join(folder, found[i].Name)
		}
		files = append(files, found...)
	}
	return files, metricstore.CheckRules(files)
}

// watch watches a shop until ctx is done.
func (c *roomCommand) watch(ctx context.Context, s streams, rules []metricstore.RuleFile) (err error) {
	log := telemetry.NewLogger(s.err, roomName, c.LogLevel)
	shop := shopfile.Follow(c.Shop)
	metrics, err := c.openMetrics(shop, rules, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.close()) }()
	traces, err := tracestore.New(tracestore.Config{MaxTraces: roomTraces, MaxBytes: roomTraceBytes})
	if err != nil {
		return err
	}
	page, err := c.page(shop, metrics, traces, log)
	if err != nil {
		return err
	}
	defer page.Close()
	doors := []door{{"listen", c.Listen, page.Handler()}, {"otlp-listen", c.OTLPListen, traces.Handler()}}
	if metrics.api != nil {
		doors = append(doors, door{"prometheus-listen", c.PrometheusListen, metrics.api})
	}
	return serveDoors(ctx, s, doors, loopback.Config{Private: c.Private, Hosts: c.Hosts})
}

// metricSource is what a room knows the metrics of its shop by.
type metricSource struct {
	room.Metrics
	api   http.Handler // nil if somebody else answers there
	close func() error
}

// openMetrics begins to scrape the shop, unless somebody else does.
func (c *roomCommand) openMetrics(shop *shopfile.Follower, rules []metricstore.RuleFile, log *slog.Logger) (metricSource, error) {
	if c.Prometheus != "" {
		remote, err := metricstore.NewRemote(c.Prometheus)
		return metricSource{remote, nil, func() error { return nil }}, err
	}
	store, err := metricstore.Open(metricstore.Config{
		Dir: filepath.Join(c.Dir, "metrics"), Retention: c.Retention, MaxBytes: int64(c.Disk), Interval: time.Second,
		MaxQuerySamples: roomQuerySamples, Exemplars: roomExemplars, Rules: rules, Log: log,
		Targets: func() []metricstore.Target { return targetsOf(shop) },
	})
	if err != nil {
		return metricSource{}, err
	}
	return metricSource{store, store.Handler(), store.Close}, nil
}

// page makes the page that people look at. Drills are played by this very program.
func (c *roomCommand) page(shop *shopfile.Follower, metrics room.Metrics, traces *tracestore.Store, log *slog.Logger) (*room.Room, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return room.New(room.Config{
		Shop: shop.Shop, ShopFile: c.Shop, Metrics: metrics, Traces: traces, Runs: c.Runs, Program: program, Hosts: c.Hosts, Log: log,
	})
}

// targetsOf returns the parts of a shop, by name, and its background load: each is a job. There are none while no shop is known.
func targetsOf(followed *shopfile.Follower) []metricstore.Target {
	shop, err := followed.Shop()
	if err != nil {
		return nil
	}
	var targets []metricstore.Target
	for _, part := range slices.Sorted(maps.Keys(shop.Admin)) {
		targets = append(targets, metricstore.Target{Job: part, URL: shop.Admin[part] + "/metrics", Token: shop.AdminToken})
	}
	if shop.Load != "" {
		targets = append(targets, metricstore.Target{Job: "load", URL: shop.Load + "/metrics", Token: shop.AdminToken})
	}
	return targets
}
