package main

import (
	"context"
	"log/slog"

	"brownout/chaos/proxy"
	"brownout/internal/lab"
	"brownout/internal/service"
)

// linksCommand runs links.
type linksCommand struct {
	Link         []string   `required:"" sep:"none" placeholder:"NAME=LISTEN=UPSTREAM" help:"A link: its name, where it listens, and where it leads. May be given often."`
	Admin        string     `env:"BROWNOUT_ADMIN" default:"127.0.0.1:0" placeholder:"ADDR" help:"Where the admin port listens, on which faults are injected (default ${default})."`
	AdminPrivate bool       `env:"BROWNOUT_ADMIN_PRIVATE" help:"Let other machines of a private network use the admin port."`
	AdminPublic  bool       `env:"BROWNOUT_ADMIN_PUBLIC" help:"Let the admin port listen at a public address and answer all networks: whoever has its token can break the links."`
	AdminToken   string     `env:"BROWNOUT_ADMIN_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token of the admin port (default: one made at random and printed)."`
	Supervisor   string     `env:"BROWNOUT_SUPERVISOR" placeholder:"ADDR" help:"Where the supervisor of the process listens, at whose port it is killed, paused and lent (default: nowhere). The flags of the admin port say who may ask."`
	LogLevel     slog.Level `env:"BROWNOUT_LOG_LEVEL" default:"INFO" placeholder:"LEVEL" help:"DEBUG, INFO, WARN or ERROR (default ${default})."`
}

// Run runs the command.
func (c *linksCommand) Run(s streams) error {
	routes, err := proxy.ParseRoutes(c.Link)
	if err != nil {
		return inputError{err}
	}
	if c.Supervisor != "" && c.AdminToken == "" {
		return inputError{errNoSupervisorToken}
	}
	return supervised(s, lab.SuperviseConfig{Name: "links", Admin: c.admin(c.Supervisor)}, func(ctx context.Context) error {
		return proxy.Serve(ctx, proxy.ServeConfig{
			Routes: routes,
			Admin:  c.admin(c.Admin),
			Level:  c.LogLevel,
			Log:    s.err,
			Ready:  s.out,
		})
	})
}

// admin is how an admin port at an address is.
func (c *linksCommand) admin(addr string) service.AdminConfig {
	return service.AdminConfig{Addr: addr, Private: c.AdminPrivate, Public: c.AdminPublic, Token: c.AdminToken}
}
