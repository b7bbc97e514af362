package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"brownout/chaos/drill"
	"brownout/internal/lab"
	"brownout/internal/shopfile"
)

// openShop opens the shop of an arm: the lab, with every process of its own.
func openShop(ctx context.Context, c drill.ShopConfig) (*drill.OpenShop, error) {
	ctx, stop := context.WithCancel(ctx)
	ready, ended := make(chan *shopfile.Shop, 1), make(chan error, 1)
	go func() {
		ended <- lab.Up(ctx, lab.UpConfig{
			Dir: c.Dir, Drill: true, Links: c.Shop.Links, Setting: shopSetting(c), Out: io.Discard, Ready: func(s *shopfile.Shop) { ready <- s },
		})
	}()
	select {
	case file := <-ready:
		return &drill.OpenShop{File: file, Processes: []int{os.Getpid()}, Close: func() error { stop(); return <-ended }}, nil
	case err := <-ended:
		stop()
		if err == nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
}

// shopSetting is how the processes of a drill's shop differ from the usual ones.
func shopSetting(c drill.ShopConfig) lab.Setting {
	s := lab.Setting{BcryptCost: c.Shop.BcryptCost, Serve: []string{"--log-level=WARN"}, Args: shopArgs(c.Shop)}
	if c.OTLP != "" {
		s.Serve = append(s.Serve, "--otlp="+c.OTLP)
	}
	for _, name := range c.Off {
		s.Serve = append(s.Serve, "--off="+string(name))
	}
	return s
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
