package main

import (
	"context"
	"fmt"
	"io"

	"brownout/chaos/drill"
	"brownout/internal/lab"
	"brownout/internal/shopfile"
)

// openShop opens the shop of an arm: the lab, with every process of its own.
func openShop(ctx context.Context, c drill.ShopConfig) (*drill.OpenShop, error) {
	ctx, stop := context.WithCancel(ctx)
	ready, ended := make(chan *shopfile.Shop, 1), make(chan error, 1)
	config := lab.UpConfig{
		Dir: c.Dir, BcryptCost: c.Shop.BcryptCost, Links: c.Shop.Links, Out: io.Discard, Args: shopArgs(c.Shop),
		Serve: []string{"--log-level=WARN"}, Ready: func(s *shopfile.Shop) { ready <- s },
	}
	if c.OTLP != "" {
		config.Serve = append(config.Serve, "--otlp="+c.OTLP)
	}
	for _, name := range c.Off {
		config.Serve = append(config.Serve, "--off="+string(name))
	}
	go func() { ended <- lab.Up(ctx, config) }()
	select {
	case file := <-ready:
		return &drill.OpenShop{File: file, Close: func() error { stop(); return <-ended }}, nil
	case err := <-ended:
		stop()
		if err == nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
}

// shopArgs are the arguments by which a drill's shop differs from the usual one.
func shopArgs(s drill.Shop) map[string][]string {
	args := map[string][]string{}
	add := func(part, flag string, given bool, value any) {
		if given {
			args[part] = append(args[part], fmt.Sprintf("--%s=%v", flag, value))
		}
	}
	for _, bank := range []string{"bank-a", "bank-b"} {
		add(bank, "clerks", s.Bank.Workers > 0, s.Bank.Workers)
		add(bank, "service-time", s.Bank.ServiceTime > 0, s.Bank.ServiceTime)
	}
	add("inventory", "clerks", s.Inventory.Workers > 0, s.Inventory.Workers)
	add("inventory", "service-time", s.Inventory.ServiceTime > 0, s.Inventory.ServiceTime)
	for part, more := range s.Args {
		args[part] = append(args[part], more...)
	}
	return args
}
