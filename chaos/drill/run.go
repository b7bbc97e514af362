package drill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
	"brownout/internal/shopfile"
)

// A RunConfig says how a drill is run.
type RunConfig struct {
	Plan *Plan
	Text []byte // of the plan's file, kept beside the evidence
	Pace Pace
	Seed uint64
	// Arms are those that are run, in this order; none means off, then on.
	Arms []string
	// Without are protections that the on arm lacks as well: to see which of them carries it.
	Without []resilience.Name
	// Dir is where the evidence goes: a folder that is not there yet.
	Dir string
	// Open opens a shop for an arm.
	Open func(context.Context, ShopConfig) (*OpenShop, error)
	// Tell, if not nil, is told what happens, one call at a time.
	Tell func(Event)
	// Versions go to the evidence.
	Versions map[string]string
}

// A ShopConfig says what a shop must be like.
type ShopConfig struct {
	Dir  string // for its data and logs
	Shop Shop   // how it is built
	OTLP string // where its traces go; "" is nowhere
	// Off are the protections that it begins without, and is without whenever a part of it
	// is started again.
	Off []resilience.Name
}

// An OpenShop is a shop that takes requests.
type OpenShop struct {
	File  *shopfile.Shop
	Close func() error // ends it, and waits for its end
	// Processes are those from which all of the shop, and the drill, descend; none if they are not known.
	Processes []int
	// Lost, if not nil, is closed when the shop is no longer the drill's.
	Lost <-chan struct{}
}

// errLost ends an arm whose shop is gone.
var errLost = errors.New("the shop was taken back before the end")

// Run runs a drill and judges it. The evidence, as far as it goes, and the verdict are in the
// folder also if there is an error, which says that they could not be written or that ctx was
// done.
func Run(ctx context.Context, c RunConfig) (*evidence.Run, verdict.Verdict, error) {
	r, err := newRunner(c)
	if err != nil {
		return nil, verdict.Verdict{}, err
	}
	if err := r.calibrate(ctx); err != nil {
		return nil, verdict.Verdict{}, fmt.Errorf("calibration: %w", err)
	}
	for _, arm := range r.config.Arms {
		r.runArm(ctx, arm)
	}
	v := verdict.Judge(r.config.Plan.Checks(c.Pace), r.run)
	if ctx.Err() != nil {
		v.Result = verdict.Invalid
		v.Reasons = slices.Insert(v.Reasons, 0, "it was interrupted")
	}
	r.say(Event{Kind: Judged, What: string(v.Result)})
	return r.run, v, errors.Join(r.folder.write(r.run, v), context.Cause(ctx))
}

// A runner is one run.
type runner struct {
	config   RunConfig
	schedule Schedule
	run      *evidence.Run
	folder   *folder

	mu  sync.Mutex // over what is told
	arm string     // the one that runs
}

func newRunner(c RunConfig) (*runner, error) {
	if len(c.Arms) == 0 {
		c.Arms = []string{evidence.Off, evidence.On}
	}
	if c.Tell == nil {
		c.Tell = func(Event) {}
	}
	schedule, err := c.Plan.Pace(c.Pace)
	if err != nil {
		return nil, err
	}
	folder, err := newFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := folder.save("plan.yaml", c.Text); err != nil {
		return nil, err
	}
	return &runner{config: c, schedule: schedule, folder: folder, run: &evidence.Run{
		Drill: c.Plan.Name, Pace: string(c.Pace), Seed: c.Seed, Started: time.Now().UTC(), Versions: maps.Clone(c.Versions), Wanted: c.Arms, Arms: map[string]*evidence.Arm{},
	}}, nil
}

func (r *runner) say(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Arm = r.arm
	r.config.Tell(e)
}

// disabled are the protections that an arm lacks, by name.
func (r *runner) disabled(arm string) []resilience.Name {
	off := slices.Clone(r.config.Plan.Arms[arm].Disable)
	if arm == evidence.On {
		off = append(off, r.config.Without...)
	}
	slices.Sort(off)
	return slices.Compact(off)
}

// runArm runs an arm; what goes wrong is a part of its evidence.
func (r *runner) runArm(ctx context.Context, name string) {
	a := &evidence.Arm{Name: name, Length: r.schedule.Length, Baseline: r.schedule.Baseline, Patience: r.config.Plan.Load.Patience}
	for _, n := range r.disabled(name) {
		a.Disabled = append(a.Disabled, string(n))
	}
	r.mu.Lock()
	r.arm = name
	r.mu.Unlock()
	r.run.Arms[name] = a
	r.say(Event{Kind: ArmBegan, What: name})
	if err := r.inShop(ctx, a); err != nil {
		a.Failed = err.Error()
	}
	r.say(Event{Kind: ArmEnded, What: name})
}

// inShop opens a shop for the arm, and closes it whatever happens.
func (r *runner) inShop(ctx context.Context, a *evidence.Arm) (err error) {
	dir := filepath.Join(r.config.Dir, a.Name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	w := newWitness(dir, a)
	if err := w.listen(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	return r.open(ctx, ShopConfig{Dir: filepath.Join(dir, "shop"), Shop: r.config.Plan.Shop, OTLP: w.otlp(), Off: r.disabled(a.Name)}, func(ctx context.Context, shop *OpenShop) error {
		if err := w.watch(shop.File); err != nil {
			return err
		}
		return r.play(ctx, a, &stage{file: shop.File, dir: dir, processes: shop.Processes}, w)
	})
}

// open opens a shop, and closes it when fn has returned. The context of fn ends also when the shop is
// lost.
func (r *runner) open(ctx context.Context, c ShopConfig, fn func(context.Context, *OpenShop) error) (err error) {
	shop, err := r.config.Open(ctx, c)
	if err != nil {
		return fmt.Errorf("the shop did not open: %w", err)
	}
	defer func() {
		if late := shop.Close(); late != nil && ctx.Err() == nil && !errors.Is(err, errLost) {
			err = errors.Join(err, fmt.Errorf("the shop did not close: %w", late))
		}
	}()
	ours, stop := shop.while(ctx)
	defer stop()
	err = fn(ours, shop)
	if lost := context.Cause(ours); errors.Is(lost, errLost) {
		err = errors.Join(lost, err)
	}
	return err
}

// while returns a context that is done when ctx is, or when the shop is lost.
func (s *OpenShop) while(ctx context.Context) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s.Lost:
			end(errLost)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { end(nil) }
}
