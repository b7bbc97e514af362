package drill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/internal/service"
	"brownout/loadgen"
)

const (
	// settleTime is what the shop has after the load to come to rest.
	settleTime = 10 * time.Second
	// auditTime is what the books have to come to rest: what is unknown becomes one or the
	// other in 30 s.
	auditTime = 35 * time.Second
)

// play is an arm from its open shop to its audit. What was seen until an error is evidence too.
func (r *runner) play(ctx context.Context, a *evidence.Arm, s *stage, w *witness) error {
	if err := service.AwaitReady(ctx, s.file.Admin, settleTime); err != nil {
		a.Before = err.Error()
		return nil
	}
	l, err := r.newLine(ctx, a, s)
	if err != nil {
		return err
	}
	err = r.perform(ctx, a, s, l)
	if err := errors.Join(err, w.testify(context.WithoutCancel(ctx), r.config.Plan.Queries(r.config.Pace))); err != nil {
		return err
	}
	if err := service.AwaitReady(ctx, s.file.Admin, settleTime); err != nil {
		a.After = err.Error()
	}
	return r.settleBooks(ctx, a, s)
}

// settleBooks has the shop finish or give up what it has begun, with all its protections, and
// audits it.
func (r *runner) settleBooks(ctx context.Context, a *evidence.Arm, s *stage) (err error) {
	if err := s.enable(ctx, r.disabled(a.Name)); err != nil {
		return err
	}
	if a.Books, err = s.audit(ctx, filepath.Join(s.dir, journalFile), auditTime); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.say(Event{Kind: Audited, Err: violation(a.Books)})
	return nil
}

// perform has load and faults run beside each other until the load has ended.
func (r *runner) perform(ctx context.Context, a *evidence.Arm, s *stage, l *line) error {
	acts, err := r.acts(s)
	if err != nil {
		return err
	}
	a.Started = time.Now()
	r.say(Event{Kind: LoadBegan, Length: a.Length.To})
	var both sync.WaitGroup
	both.Go(func() {
		t := &timeline{acts: acts, began: a.Started, tell: r.say}
		a.Faults = append(a.Faults, t.run(ctx)...)
	})
	loaded, ended := context.WithCancel(ctx)
	both.Go(func() { a.Machine = watchMachine(loaded, s.processes, a.Started) })
	err = l.run(ctx, a.Started)
	ended()
	both.Wait()
	a.Windows = l.digest.Windows()
	a.Faults = append(a.Faults, l.faults(a)...)
	r.say(Event{Kind: LoadEnded})
	return err
}

// acts are the faults that the parts of the shop must suffer.
func (r *runner) acts(s *stage) ([]act, error) {
	var all []act
	for _, e := range r.schedule.Timeline {
		if e.On == OnLoad {
			continue
		}
		p, params, err := s.port(e.On, e.Fault, e.Params)
		if err != nil {
			return nil, err
		}
		all = append(all, act{at: e.At, length: e.For, on: e.On, port: p, spec: fault.Spec{
			Fault: e.Fault, Params: params, Toxicity: e.Toxicity, First: e.First, Seed: r.config.Seed, By: "drill " + r.config.Plan.Name,
		}})
	}
	return all, nil
}

// saturation is how the capacity is found: more clients than the shop has workers for, but not
// so many that requests wait for longer than they may.
const (
	saturationWarmup = time.Second
	saturationLength = 2 * time.Second
	clientsPerWorker = 3
	saturationAtMost = 64
)

// calibrate measures the capacity, in a shop of its own, so that both arms begin alike.
func (r *runner) calibrate(ctx context.Context) error {
	plan := r.config.Plan
	if plan.Calibrate.Route == "" {
		return r.settle()
	}
	dir := filepath.Join(r.config.Dir, "calibration")
	err := r.open(ctx, ShopConfig{Dir: dir, Shop: plan.Shop}, func(ctx context.Context, shop *OpenShop) error {
		return r.saturate(ctx, &stage{file: shop.File, dir: dir})
	})
	return errors.Join(err, r.settle())
}

func (r *runner) saturate(ctx context.Context, s *stage) error {
	plan, c := r.config.Plan, &r.run.Calibration
	if err := service.AwaitReady(ctx, s.file.Admin, settleTime); err != nil {
		return err
	}
	scenario, err := s.shoppers(ctx, plan, loadgen.Mix{{Route: plan.Calibrate.Route, Weight: 1}}, r.config.Seed)
	if err != nil {
		return err
	}
	of := plan.Shop.Bank
	if plan.Calibrate.Of == "inventory" {
		of = plan.Shop.Inventory
	}
	client, err := s.client(saturationAtMost)
	if err != nil {
		return err
	}
	saturation := loadgen.Saturation{
		Scenario: scenario, Doer: client, Clients: min(max(of.Workers, defaultWorkers)*clientsPerWorker, saturationAtMost),
		Warmup: saturationWarmup, Length: saturationLength,
	}
	if c.Capacity, err = saturation.Measure(ctx, func(*evidence.Sample) {}); err != nil {
		return err
	}
	c.Of = plan.Calibrate.Route
	if c.Expected, err = plan.Expected(); err == nil {
		r.say(Event{Kind: Calibrated, Rate: c.Capacity})
	}
	return err
}

// defaultWorkers are those of a bank and of inventory.
const defaultWorkers = 8

// settle fixes the numbers of the run's formulas.
func (r *runner) settle() (err error) {
	r.run.Constants, err = r.config.Plan.Variables(r.config.Pace, r.run.Calibration.Capacity)
	return err
}
