package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/redis/go-redis/v9/logging"

	"brownout/chaos/fault"
	"brownout/internal/lab"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/telemetry"
)

// serveCommand runs one service.
type serveCommand struct {
	Gateway   gatewayCommand   `cmd:"" help:"Run the edge: identity, catalogue, checkout."`
	Payments  paymentsCommand  `cmd:"" help:"Run payments: banks, idempotency, the ledger."`
	Inventory inventoryCommand `cmd:"" help:"Run inventory: stock and holds."`
	Acquirer  acquirerCommand  `cmd:"" help:"Run a bank outside of the shop, with a statement of its own."`
	Links     linksCommand     `cmd:"" help:"Run network links between parts of the shop, which faults can break."`
	Room      roomCommand      `cmd:"" help:"Run what watches a shop: its metrics, alerts and traces, and the page that shows them."`
}

// Help is the longer help of the command.
func (*serveCommand) Help() string {
	return `
Whatever a flag says, its environment variable may say. A secret may stand in a file as well, which the variable of that name and _FILE names: BROWNOUT_ADMIN_TOKEN_FILE=/run/brownout/admin-token.
`
}

// hostFlags are those of every service.
type hostFlags struct {
	Admin        string     `env:"BROWNOUT_ADMIN" default:"127.0.0.1:0" placeholder:"ADDR" help:"Where the admin port listens (default ${default})."`
	AdminPrivate bool       `env:"BROWNOUT_ADMIN_PRIVATE" help:"Let other machines of a private network use the admin port."`
	AdminPublic  bool       `env:"BROWNOUT_ADMIN_PUBLIC" help:"Let the admin port listen at a public address and answer all networks: whoever has its token can break the service."`
	AdminToken   string     `env:"BROWNOUT_ADMIN_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token of the admin port (default: one made at random and printed)."`
	Supervisor   string     `env:"BROWNOUT_SUPERVISOR" placeholder:"ADDR" help:"Where the supervisor of the process listens, at whose port it is killed, paused and lent (default: nowhere). The flags of the admin port say who may ask."`
	Workers      int        `env:"BROWNOUT_WORKERS" default:"4" placeholder:"N" help:"Workers of the pool (default ${default})."`
	InFlight     int        `env:"BROWNOUT_IN_FLIGHT" default:"1024" placeholder:"N" help:"Requests under way at a time, before some are refused (default ${default})."`
	MemoryLimit  byteCount  `env:"BROWNOUT_MEMORY_LIMIT" placeholder:"BYTES" help:"What the process may use of memory, as in 256MiB, before it collects garbage without a pause; requests are refused before (default: GOMEMLIMIT, or none)."`
	Trace        float64    `env:"BROWNOUT_TRACE" default:"0.01" placeholder:"SHARE" help:"Share of requests whose traces are kept, from 0 to 1 (default ${default})."`
	OTLP         string     `name:"otlp" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Where traces are sent, with OTLP over HTTP."`
	Unseen       bool       `env:"BROWNOUT_UNSEEN" hidden:"" help:"Look at nothing: no metrics, no traces. It is for finding out what they cost."`
	Off          []string   `env:"BROWNOUT_OFF" placeholder:"NAME" help:"Protections that begin switched off."`
	LogLevel     slog.Level `env:"BROWNOUT_LOG_LEVEL" default:"INFO" placeholder:"LEVEL" help:"DEBUG, INFO, WARN or ERROR (default ${default})."`
}

// Bounds of the flags.
const (
	maxWorkers  = 1024
	maxRequests = 1_000_000
	leastMemory = 16 << 20 // bytes; a service at rest has about half of that
	mostMemory  = 1 << 40
)

// check returns what is wrong with the flags.
func (f *hostFlags) check() error {
	switch {
	case f.Supervisor != "" && f.AdminToken == "":
		return errNoSupervisorToken
	case f.Workers < 1 || f.Workers > maxWorkers:
		return fmt.Errorf("--workers: must be from 1 to %d", maxWorkers)
	case f.InFlight < 1 || f.InFlight > maxRequests:
		return fmt.Errorf("--in-flight: must be from 1 to %d", maxRequests)
	case f.MemoryLimit != 0 && (f.MemoryLimit < leastMemory || f.MemoryLimit > mostMemory):
		return errors.New("--memory-limit: must be from 16MiB to 1024GiB")
	case !(f.Trace >= 0 && f.Trace <= 1):
		return errors.New("--trace: must be from 0 to 1")
	}
	for _, name := range f.Off {
		if resilience.Name(name).Help() == "" {
			return fmt.Errorf("--off: there is no protection %q; there are %s", name, protectionNames())
		}
	}
	return nil
}

var errNoSupervisorToken = errors.New("--supervisor: needs --admin-token, which opens it")

func protectionNames() string {
	var names []string
	for _, n := range resilience.Names() {
		names = append(names, string(n))
	}
	return strings.Join(names, ", ")
}

// A buildFunc makes a service on its runtime, and says what of it, beside its loop, its pool
// and its routes, faults can break.
type buildFunc func(*service.Runtime, *fault.Host) (service.Service, error)

// serve runs a service; see supervised. Its data are at a place where it must not have those of another life.
func (f *hostFlags) serve(s streams, name, listen, token string, data lab.DataPlace, build buildFunc) error {
	if err := f.check(); err != nil {
		return inputError{err}
	}
	logging.Disable() // what Redis clients log, they also return
	supervise := lab.SuperviseConfig{Name: name, Data: data, Admin: f.admin(f.Supervisor)}
	return supervised(s, supervise, func(ctx context.Context) error {
		b := &breakable{}
		c := f.host(s, name, listen, token)
		c.Build, c.Mount = b.build(build), b.mount(ctx)
		defer b.settle(ctx)
		return service.Serve(ctx, c)
	})
}

// admin is how an admin port at an address is.
func (f *hostFlags) admin(addr string) service.AdminConfig {
	return service.AdminConfig{Addr: addr, Private: f.AdminPrivate, Public: f.AdminPublic, Token: f.AdminToken}
}

// untilSignal runs a part of the shop whose supervisor, if it gets one of its own, has no port; see supervised.
func untilSignal(s streams, name string, run func(context.Context) error) error {
	return supervised(s, lab.SuperviseConfig{Name: name}, run)
}

// supervised runs a part of the shop until a signal ends it: as the child of a supervisor, or
// with a supervisor of its own as its parent.
func supervised(s streams, c lab.SuperviseConfig, run func(context.Context) error) error {
	ctx, stop := untilInterrupt()
	defer stop()
	if os.Getenv(lab.Supervised) == "" {
		c.Args, c.Out, c.Log = os.Args[1:], s.out, s.err
		return lab.Supervise(ctx, c)
	}
	return run(ctx)
}

func (f *hostFlags) host(s streams, name, listen, token string) service.HostConfig {
	return service.HostConfig{
		Name:       name,
		Addr:       listen,
		Admin:      f.admin(f.Admin),
		Dispatcher: service.DispatcherConfig{InFlight: f.InFlight, Token: token},
		Workers:    f.Workers,
		Memory:     int64(f.MemoryLimit),
		Tracing:    telemetry.TracingConfig{Ratio: f.Trace, Endpoint: f.OTLP},
		Unseen:     f.Unseen,
		Recycled:   lab.RecycledAt(),
		Off:        f.off(),
		Level:      f.LogLevel,
		Ready:      s.out,
		Log:        s.err,
	}
}

func (f *hostFlags) off() []resilience.Name {
	names := make([]resilience.Name, len(f.Off))
	for i, name := range f.Off {
		names[i] = resilience.Name(name)
	}
	return names
}

// tokenFlag is that of a service that answers other services only.
type tokenFlag struct {
	Token string `env:"BROWNOUT_SERVICE_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token that services send each other (default: none is asked for)."`
}

// storeFlags say where a service keeps its data.
type storeFlags struct {
	Redis  string `env:"BROWNOUT_REDIS" placeholder:"ADDR" help:"The address of a Redis (default: data is kept in memory, and lost at the end)."`
	Prefix string `env:"BROWNOUT_PREFIX" default:"brownout:" help:"What the keys in Redis begin with (default ${default})."`

	RedisPassword    string `env:"BROWNOUT_REDIS_PASSWORD" secret:"" placeholder:"PASSWORD" help:"The password of the Redis (default: it asks for none)."`
	Erase            bool   `help:"Delete all that it has in the Redis, and end."`
	RedisConnections int    `env:"BROWNOUT_REDIS_CONNECTIONS" default:"64" placeholder:"N" help:"Connections to the Redis; a kind of command that has its own, while bulkhead is on, has no more (default ${default})."`
}

const (
	maxPrefix      = 64 // of keys, in bytes
	maxConnections = 1024
)

// check returns what is wrong with the flags.
func (f *storeFlags) check() error {
	switch {
	case len(f.Prefix) > maxPrefix:
		return fmt.Errorf("--prefix: may have at most %d bytes", maxPrefix)
	case f.Erase && f.Redis == "":
		return errors.New("--erase: there is no --redis")
	case f.RedisConnections < 1 || f.RedisConnections > maxConnections:
		return fmt.Errorf("--redis-connections: must be from 1 to %d", maxConnections)
	}
	return nil
}

// open returns the Redis of a service, with the service's own part of the prefix, and has
// faults know it; nil if data is kept in memory.
func (f *storeFlags) open(rt *service.Runtime, host *fault.Host) *service.Redis {
	if f.Redis == "" {
		return nil
	}
	redis := service.NewRedis(rt, service.RedisConfig{
		Addr: f.Redis, Password: f.RedisPassword, Prefix: f.prefixOf(rt.Name), InFlight: f.RedisConnections,
	})
	host.Store = redis
	return redis
}

// prefixOf is what the keys of a service begin with.
func (f *storeFlags) prefixOf(service string) string { return f.Prefix + service + ":" }

// place is where the data are.
func (f *storeFlags) place() lab.DataPlace {
	if f.Redis == "" {
		return lab.DataInMemory
	}
	return lab.DataInRedis
}

// callFlags bound what a service asks of each of the others at a time.
type callFlags struct {
	Calls        int `env:"BROWNOUT_CALLS" default:"64" placeholder:"N" help:"Calls under way to each downstream at a time, while bulkhead is on (default ${default})."`
	CallsWaiting int `env:"BROWNOUT_CALLS_WAITING" default:"256" placeholder:"N" help:"Calls that wait for their turn, before some are refused, while queue-bound is on (default ${default})."`
}

// check returns what is wrong with the flags.
func (f *callFlags) check() error {
	switch {
	case f.Calls < 1 || f.Calls > maxRequests:
		return fmt.Errorf("--calls: must be from 1 to %d", maxRequests)
	case f.CallsWaiting < 1 || f.CallsWaiting > maxRequests:
		return fmt.Errorf("--calls-waiting: must be from 1 to %d", maxRequests)
	}
	return nil
}

// client returns how another service is called over HTTP.
func (f *callFlags) client(rt *service.Runtime, name, url, token string) (service.ClientConfig, error) {
	to, err := service.NewHTTPTransport(rt, service.HTTPConfig{Downstream: name, URL: url, InFlight: f.Calls, Queue: f.CallsWaiting})
	return service.ClientConfig{Downstream: name, Transport: to, Token: token}, err
}

// dieWithParent ends the program when its standard input does, if it is a supervisor's
// child: then the supervisor is gone.
func dieWithParent(in io.Reader) {
	if os.Getenv(lab.Supervised) == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(statusFailed)
	}()
}
