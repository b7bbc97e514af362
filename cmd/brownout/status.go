package main

import (
	"fmt"
	"time"

	"brownout/internal/lab"
)

// statusCommand shows what a running shop does.
type statusCommand struct {
	Shop string        `default:".brownout/shop.json" placeholder:"FILE" help:"The file of the running shop (default ${default})."`
	Over time.Duration `default:"1s" help:"How long to look (default ${default})."`
}

// maxLook bounds how long a status looks.
const maxLook = time.Hour

// Validate is called by the parser.
func (c *statusCommand) Validate() error {
	if c.Over < 100*time.Millisecond || c.Over > maxLook {
		return fmt.Errorf("--over: must be from 100ms to %v", maxLook)
	}
	return nil
}

// Run runs the command.
func (c *statusCommand) Run(s streams) error {
	found, err := findShop(c.Shop)
	if err != nil {
		return inputError{err}
	}
	ctx, stop := untilInterrupt()
	defer stop()
	if err := checkRuns(ctx, c.Shop, found); err != nil {
		return err
	}
	status, err := lab.Look(ctx, found, c.Over)
	if err != nil {
		return err
	}
	if err := status.Write(s.out); err != nil {
		return err
	}
	if !status.Answers() {
		return fmt.Errorf("no part of the shop of %s answers: it may be starting", c.Shop)
	}
	return nil
}
