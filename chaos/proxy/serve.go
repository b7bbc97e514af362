package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/go-json-experiment/json"

	"brownout/chaos/fault"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/telemetry"
)

// serviceName is that of the process in logs, metrics and the line that says that it is ready.
const serviceName = "links"

// ServeConfig says what a process of links is.
type ServeConfig struct {
	// Routes are the links; see ParseRoutes.
	Routes []Route
	// Admin is where the admin port listens, and who may ask; the faults are there.
	Admin service.AdminConfig
	// Level is the log's.
	Level slog.Level
	// Log and Ready are written to: the log, and one line of JSON when all links carry.
	Log, Ready io.Writer
}

// A process is one that runs links.
type process struct {
	config   ServeConfig
	log      *slog.Logger
	registry *telemetry.Registry
	links    []*Link
	sockets  []net.Listener
	injector *fault.Injector
	admin    *service.Admin
}

// Serve runs links until ctx is done. An error says why they could not begin, or why they ended.
func Serve(ctx context.Context, c ServeConfig) error {
	p := &process{config: c, log: telemetry.NewLogger(c.Log, serviceName, c.Level), registry: telemetry.NewRegistry(serviceName)}
	if err := p.listen(); err != nil {
		return errors.Join(err, p.closeSockets())
	}
	failed := make(chan error, len(p.links)+1)
	for i, l := range p.links {
		go func() { failed <- l.Serve(p.sockets[i]) }()
	}
	go func() { failed <- p.admin.Serve() }()
	p.admin.SetReady(true)
	p.sayReady()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, p.close())
}

// listen opens all sockets, and makes the links.
func (p *process) listen() error {
	metrics := NewMetrics(p.registry)
	for _, r := range p.config.Routes {
		socket, err := net.Listen("tcp", r.Listen)
		if err != nil {
			return fmt.Errorf("link %s: %w", r.Name, err)
		}
		p.sockets = append(p.sockets, socket)
		p.links = append(p.links, New(Config{Name: r.Name, Upstream: r.Upstream, Metrics: metrics}))
	}
	p.injector = fault.New(fault.Config{Kinds: Kinds(p.links...), Metrics: p.registry, Log: p.log})
	return p.listenAdmin()
}

func (p *process) listenAdmin() (err error) {
	faults := http.StripPrefix("/admin", p.injector.Handler())
	c := p.config.Admin
	c.Metrics = p.registry
	c.Protections = resilience.NewRegistry(nil) // it has none, but who switches them does so everywhere
	c.Mount = map[string]http.Handler{"/admin/faults": faults, "/admin/faults/": faults}
	if p.admin, err = service.ListenAdmin(c); err != nil {
		return fmt.Errorf("%s: admin port: %w", serviceName, err)
	}
	return nil
}

func (p *process) closeSockets() error {
	var errs []error
	for _, socket := range p.sockets {
		errs = append(errs, socket.Close())
	}
	return errors.Join(errs...)
}

func (p *process) sayReady() {
	for i, l := range p.links {
		p.log.Info("a link carries", slog.String("link", l.Name()), slog.String("at", p.sockets[i].Addr().String()), slog.String("to", l.config.Upstream))
	}
	line := service.ReadyLine{Service: serviceName, PID: os.Getpid(), Admin: "http://" + p.admin.Addr().String()}
	if p.config.Admin.Token == "" {
		line.Token = p.admin.Token()
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = p.config.Ready.Write(append(text, '\n'))
	}
	if err != nil {
		p.log.Warn("nobody could be told that the links are ready", slog.Any("error", err))
	}
}

// close ends the faults, and then what they act on.
func (p *process) close() error {
	p.injector.ClearAll()
	errs := []error{p.admin.Close()}
	for _, l := range p.links {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
