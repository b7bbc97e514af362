package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"brownout/internal/loopback"
	"brownout/internal/service"
)

// A display shows the metrics of a load. A nil one shows nothing.
type display struct {
	server interface {
		Serve() error
		Close() error
	}
	url   string
	ended chan struct{}
}

// showMetrics shows the metrics of a load until close, if that is wanted, and tells where.
func (c *loadCommand) showMetrics(plan *loadPlan, told io.Writer) (*display, error) {
	if plan.metrics == nil {
		return nil, nil
	}
	d := &display{ended: make(chan struct{})}
	open := c.showToAnyone
	if plan.shop != nil {
		open = c.showToHolders
	}
	if err := open(d, plan); err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	if !c.Quiet {
		fmt.Fprintln(told, "metrics:", d.url+"/metrics")
	}
	go func() {
		defer close(d.ended)
		_ = d.server.Serve() // a load goes on unseen
	}()
	return d, nil
}

// showToHolders shows the metrics to who has the shop's admin token, as a service shows its own.
func (c *loadCommand) showToHolders(d *display, plan *loadPlan) error {
	if plan.shop.AdminToken == "" {
		return fmt.Errorf("%s has no admin token, which would open them", c.Shop)
	}
	admin, err := service.ListenAdmin(service.AdminConfig{
		Addr: c.Metrics, Private: c.MetricsPrivate, Token: plan.shop.AdminToken, Metrics: plan.metrics,
	})
	if err != nil {
		return exposed(err)
	}
	admin.SetReady(true)
	d.server, d.url = admin, "http://"+admin.Addr().String()
	return nil
}

// showToAnyone shows the metrics to anyone on this machine.
func (c *loadCommand) showToAnyone(d *display, plan *loadPlan) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(plan.metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4, EnableOpenMetrics: true}))
	server, err := loopback.Listen(loopback.Config{Addr: c.Metrics, Handler: mux})
	if err != nil {
		return err
	}
	d.server, d.url = server, server.URL()
	return nil
}

// exposed says which flag of this command allows for an address.
func exposed(err error) error {
	e, ok := errors.AsType[*service.ExposedError](err)
	switch {
	case !ok:
		return err
	case e.Public:
		return fmt.Errorf("%s is a public address, at which they are not shown", e.Addr)
	}
	return fmt.Errorf("%s is reached by other machines: only with --metrics-private are they shown there", e.Addr)
}

func (d *display) close() {
	if d == nil {
		return
	}
	_ = d.server.Close() // nothing was written
	<-d.ended
}
