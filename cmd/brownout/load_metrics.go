package main

import (
	"errors"
	"fmt"

	"brownout/internal/service"
)

// A display shows the metrics of a load as a service shows its own. A nil one shows nothing.
type display struct {
	admin *service.Admin
	ended chan struct{}
}

// showMetrics shows the metrics of a load until close, if that is wanted.
func (c *loadCommand) showMetrics(plan *loadPlan) (*display, error) {
	if plan.metrics == nil {
		return nil, nil
	}
	if plan.shop.AdminToken == "" {
		return nil, fmt.Errorf("--metrics: %s has no admin token, which would open them", c.Shop)
	}
	admin, err := service.ListenAdmin(service.AdminConfig{
		Addr: c.Metrics, Private: c.MetricsPrivate, Token: plan.shop.AdminToken, Metrics: plan.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", exposed(err))
	}
	d := &display{admin: admin, ended: make(chan struct{})}
	admin.SetReady(true)
	go func() {
		defer close(d.ended)
		_ = admin.Serve() // a load goes on unseen
	}()
	return d, nil
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
	_ = d.admin.Close() // nothing was written
	<-d.ended
}
