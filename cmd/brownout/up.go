package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/redis/go-redis/v9/logging"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/lab"
)

// upCommand runs the whole shop.
type upCommand struct {
	Dir           string  `default:".brownout" placeholder:"FOLDER" help:"Where it keeps its data (default ${default})."`
	Port          int     `default:"8080" placeholder:"N" help:"The port of the gateway; the other parts have those that follow, and their admin ports are 1000 above (default ${default}). 0 takes any that are free."`
	Redis         string  `placeholder:"ADDR" help:"The address of a Redis (default: an embedded one, whose data end with it)."`
	RedisPassword string  `env:"BROWNOUT_REDIS_PASSWORD" secret:"" placeholder:"PASSWORD" help:"The password of that Redis (default: it asks for none)."`
	Load          float64 `default:"20" placeholder:"RATE" help:"Background load in requests a second (default ${default}); 0 for none."`
	Trace         float64 `default:"0.01" placeholder:"SHARE" help:"Share of requests whose traces are kept, from 0 to 1 (default ${default})."`
	OTLP          string  `name:"otlp" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Where traces are sent, with OTLP over HTTP (default: to the control room, whose page shows them)."`
	Links         bool    `help:"Have all that parts say to each other pass network links, which faults can break."`
	Room          bool    `default:"true" negatable:"" help:"Have a control room watch the shop: metrics, alerts, traces, and the page that shows them (default on). Its ports are 7070, 9090 (Prometheus' API) and 4318 (OTLP), or, with another --port, 1010 and more above that."`
	Unseen        bool    `hidden:"" help:"Have no service looked at: no metrics, no traces. It is for finding out what they cost."`
	BcryptCost    int     `default:"10" placeholder:"N" help:"The cost of the users' password hashes, from 4 to 14 (default ${default}): each step doubles what a login costs."`
}

// Help is the longer help of the command.
func (*upCommand) Help() string {
	return `
Runs three services, two banks and some load, as processes of their own, and restarts what dies. Ctrl-C ends them all. Each start with the embedded Redis is a new epoch: new data, new statements, a new journal.
`
}

// Bounds of the flags.
const (
	maxPort = 64000 // the admin ports are above it
	maxLoad = 10_000
)

// Validate is called by the parser.
func (c *upCommand) Validate() error {
	switch {
	case c.Port < 0 || c.Port > maxPort:
		return fmt.Errorf("--port: must be from 0 to %d", maxPort)
	case strings.Contains(c.Redis, "/"):
		return errors.New("--redis: must be HOST:PORT and no URL; its password is --redis-password")
	case !(c.Load >= 0 && c.Load <= maxLoad):
		return fmt.Errorf("--load: must be from 0 to %d", maxLoad)
	case !(c.Trace >= 0 && c.Trace <= 1):
		return errors.New("--trace: must be from 0 to 1")
	case c.OTLP != "" && !isURL(c.OTLP):
		return fmt.Errorf("--otlp: %q is not an http or https URL", c.OTLP)
	case c.BcryptCost < bcrypt.MinCost || c.BcryptCost > lab.MaxBcryptCost:
		return fmt.Errorf("--bcrypt-cost: must be from %d to %d", bcrypt.MinCost, lab.MaxBcryptCost)
	}
	return nil
}

// gcPercent spares the embedded Redis, whose scripts leave much garbage beside few data, a
// fifth of its time.
const gcPercent = 300

// Run runs the command.
func (c *upCommand) Run(s streams) error {
	ctx, stop := untilInterrupt() // a second signal ends the process, and with it all others
	defer stop()
	logging.Disable() // what Redis clients log, they also return
	debug.SetGCPercent(gcPercent)
	return lab.Up(ctx, lab.UpConfig{
		Dir: c.Dir, Port: c.Port, Redis: c.Redis, RedisPassword: c.RedisPassword, Load: c.Load, TraceShare: c.Trace,
		Links: c.Links, Room: c.Room, OTLP: c.OTLP, Out: s.out,
		Setting: lab.Setting{BcryptCost: c.BcryptCost, Serve: c.serve()},
	})
}

// serve are the arguments of all services.
func (c *upCommand) serve() []string {
	if c.Unseen {
		return []string{"--unseen"}
	}
	return []string{fmt.Sprintf("--trace=%g", c.Trace)}
}
