package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

const (
	// drainTime is what requests in flight have when a service ends, and lateTime what
	// each of the later steps of the end has.
	drainTime = 10 * time.Second
	lateTime  = 500 * time.Millisecond
	// longTurn is from when on a turn is reported with its culprit.
	longTurn = 100 * time.Millisecond
	// delayResolution is how often the event loop delay is sampled, at least.
	delayResolution = 10 * time.Millisecond
	// microtaskBudget is some milliseconds of ticks and microtasks, and far more than a
	// turn of honest work has.
	microtaskBudget = 10_000
	// hostMailbox has room for every connection to post a request at once.
	hostMailbox = 2 * DefaultConnections
)

// HostConfig says how a service runs as a process.
type HostConfig struct {
	// Name is the service's.
	Name string
	// Addr and Admin are where it listens; see ListenerConfig and AdminConfig.
	Addr  string
	Admin AdminConfig
	// Dispatcher says how requests are taken.
	Dispatcher DispatcherConfig
	// Memory is what the process may use of memory, in bytes; the collector of garbage works
	// as much as that takes. 0 leaves it at what GOMEMLIMIT says.
	Memory int64
	// Workers is the size of the pool; 0 means pool.DefaultWorkers.
	Workers int
	// Tracing says which traces are kept.
	Tracing telemetry.TracingConfig
	// Unseen has nothing looked at: there are no metrics but those of the Go runtime, no traces,
	// and nobody watches the loop. It is for finding out what all that costs.
	Unseen bool
	// Recycled is when the process before this one ended with ErrRecycle, if it did.
	Recycled time.Time
	// Off names the protections that begin switched off.
	Off []resilience.Name
	// Log and Ready are written to: the log, and one line of JSON when the service takes
	// requests. Nil means standard error and standard output.
	Log, Ready io.Writer
	// Level is the log's.
	Level slog.Level
	// Build makes the service.
	Build func(rt *Runtime) (Service, error)
	// Mount, if not nil, is called after Build and makes more handlers for the admin port,
	// by the patterns of http.ServeMux.
	Mount func(Inside) map[string]http.Handler
}

// Inside is what there is in a process that runs a service.
type Inside struct {
	Runtime *Runtime
	Pool    *pool.Pool
	// Working is to be called before a job is submitted to the pool itself, and not to one
	// of Runtime.Classes.
	Working func()
}

// A ReadyLine is what a host writes when its service takes requests.
type ReadyLine struct {
	Service string `json:"service"`
	PID     int    `json:"pid"`
	URL     string `json:"url"`
	Admin   string `json:"admin"`
	Token   string `json:"admin_token,omitempty"` // if it was made at random
}

// A host is a service that runs as a process.
type host struct {
	config     HostConfig
	log        *slog.Logger
	registry   *telemetry.Registry
	metrics    prometheus.Registerer  // nil if unseen
	turns      *telemetry.LoopMetrics // nil if unseen
	loop       *loop.Loop
	pool       *pool.Pool
	processors *processors
	runtime    *Runtime
	dispatcher *Dispatcher
	listener   *Listener
	admin      *Admin
}

// Serve runs a service until ctx is done; then it stops taking requests, finishes those
// that it has, within ten seconds, and returns. An error says why it could not
// begin, or what it had to leave unfinished; one that is ErrRecycle, that it ended by
// itself.
func Serve(ctx context.Context, c HostConfig) error {
	if c.Workers <= 0 {
		c.Workers = pool.DefaultWorkers
	}
	if c.Memory > 0 {
		debug.SetMemoryLimit(c.Memory)
	}
	h := newHost(c)
	watch, stop := context.WithCancel(ctx)
	defer stop()
	go h.processors.run(watch)
	defer h.closePool()
	if err := h.build(); err != nil {
		return err
	}
	defer h.closeTracing()
	if err := h.listen(); err != nil {
		return err
	}
	return h.run(ctx)
}

// closePool ends the pool, but does not wait long for a job that holds its worker: the
// process ends with it.
func (h *host) closePool() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(lateTime):
		h.log.Warn("a job does not end", slog.Int("busy", h.config.Workers-h.pool.Stats().Idle))
	}
}

func (h *host) closeTracing() {
	ctx, cancel := context.WithTimeout(context.Background(), lateTime)
	defer cancel()
	if err := h.runtime.Tracing.Shutdown(ctx); err != nil {
		h.log.Warn("traces were lost", slog.Any("error", err))
	}
}

func newHost(c HostConfig) *host {
	if c.Log == nil {
		c.Log = os.Stderr
	}
	if c.Ready == nil {
		c.Ready = os.Stdout
	}
	c.Dispatcher.Memory = memoryBounds(c.Dispatcher.Memory)
	h := &host{config: c, registry: telemetry.NewRegistry(c.Name), log: telemetry.NewLogger(c.Log, c.Name, c.Level)}
	engine, workers := loop.Config{Name: c.Name, Mailbox: hostMailbox, Grace: lateTime, Unwind: lateTime}, pool.Config{Workers: c.Workers}
	if c.Unseen {
		h.loop, h.pool = loop.New(engine), pool.New(workers)
	} else {
		h.watched(engine, workers)
	}
	h.processors = newProcessors(c.Workers, h.poolBusy)
	return h
}

// watched makes a loop and a pool that show what they do.
func (h *host) watched(engine loop.Config, workers pool.Config) {
	h.metrics, h.turns = h.registry, telemetry.NewLoopMetrics(h.registry)
	engine.DelayResolution, engine.Observer = delayResolution, h.turns
	engine.LongTurn, engine.OnLongTurn = longTurn, h.longTurn
	h.loop = loop.New(engine)
	h.turns.Watch(h.loop)
	jobs := telemetry.NewPoolMetrics(h.registry)
	workers.Observer = jobs
	h.pool = pool.New(workers)
	jobs.Watch(h.pool)
}

// poolBusy says whether the pool runs anything.
func (h *host) poolBusy() bool {
	s := h.pool.Stats()
	return s.Idle < s.Workers
}

func (h *host) longTurn(t loop.LongTurn) {
	h.turns.LongTurn(t)
	h.log.Warn("a turn takes long", slog.String("callback", t.Name), slog.String("phase", t.Phase.String()), slog.Duration("age", t.Age),
		slog.String("stack", t.Stack))
}

// build makes the service, while this goroutine may still set up the loop.
func (h *host) build() error {
	tracing, err := h.tracing()
	if err != nil {
		return err
	}
	h.runtime = &Runtime{
		Name:        h.config.Name,
		Loop:        h.loop,
		Random:      rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		Log:         h.log,
		Metrics:     h.metrics,
		Protections: resilience.NewRegistry(h.metrics),
		Tracing:     tracing,
		Turns:       h.turns,
		Classes:     h.class,
	}
	resilience.NewMicrotaskBudget(h.runtime.Protections, h.loop, microtaskBudget)
	off := map[resilience.Name]bool{}
	for _, name := range h.config.Off {
		off[name] = false
	}
	if err := h.runtime.Protections.Set(off); err != nil {
		return err
	}
	service, err := h.config.Build(h.runtime)
	if err != nil {
		return err
	}
	h.dispatcher = NewDispatcher(h.runtime, service, h.config.Dispatcher)
	h.config.Admin.Unready = service.Unready
	return nil
}

// tracing makes the tracing of the service; nil if it is unseen.
func (h *host) tracing() (*telemetry.Tracing, error) {
	if h.config.Unseen {
		return nil, nil
	}
	h.config.Tracing.Service = h.config.Name
	tracing, err := telemetry.NewTracing(h.config.Tracing)
	if err == nil {
		tracing.Register(h.registry)
	}
	return tracing, err
}

// listen opens both sockets, and answers at the admin port from now on.
func (h *host) listen() (err error) {
	c := h.config.Admin
	c.Metrics, c.Loop, c.LoopMetrics, c.Pool, c.Protections = h.registry, h.loop, h.turns, h.pool, h.runtime.Protections
	if h.config.Mount != nil {
		c.Mount = h.config.Mount(Inside{h.runtime, h.pool, h.processors.submitted})
	}
	if h.admin, err = ListenAdmin(c); err != nil {
		return fmt.Errorf("%s: admin port: %w", h.config.Name, err)
	}
	if h.listener, err = Listen(h.dispatcher, ListenerConfig{Addr: h.config.Addr}); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", h.config.Name, err), h.admin.Close())
	}
	return nil
}

// run turns the loop until ctx is done and all is finished.
func (h *host) run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	failed := make(chan error, 3)
	go func() { failed <- h.admin.Serve() }()
	go func() { failed <- h.listener.Serve() }()
	go newVitals(h).watch(work, failed)
	ended := make(chan error, 1)
	go func() { ended <- h.end(ctx, stopWork, failed) }()
	err := h.loop.Run(func() {
		h.dispatcher.StartBackground(work)
		h.admin.SetReady(true)
		h.sayReady()
	})
	return errors.Join(err, <-ended, h.answerLate(), h.admin.Close())
}

// answerLate lets the connections write the answers of what the end of the loop cut off.
func (h *host) answerLate() error {
	ctx, cancel := context.WithTimeout(context.Background(), lateTime)
	defer cancel()
	if err := h.listener.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil // who does not read its answer has been waited for
}

func (h *host) sayReady() {
	line := ReadyLine{Service: h.config.Name, PID: os.Getpid(), URL: "http://" + h.listener.Addr().String(), Admin: "http://" + h.admin.Addr().String()}
	if h.config.Admin.Token == "" {
		line.Token = h.admin.Token()
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = h.config.Ready.Write(append(text, '\n'))
	}
	if err != nil {
		h.log.Warn("nobody could be told that the service is ready", slog.Any("error", err))
	}
}

// end waits until the service is to end, and ends it in order: no new requests, then
// those in flight, then what it does unasked, then the loop.
func (h *host) end(ctx context.Context, stopWork func(), failed <-chan error) (err error) {
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	h.log.Info("about to end", slog.Int("in_flight", h.dispatcher.InFlight()))
	h.admin.SetReady(false)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if late := h.listener.Shutdown(drain); late != nil {
		err = errors.Join(err, fmt.Errorf("%s: %d requests were not finished in time: %w", h.config.Name, h.dispatcher.InFlight(), late))
	}
	stopWork()
	h.loop.Close()
	return err
}
