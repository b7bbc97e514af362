package fault

import (
	"context"
	"strings"
	"sync"
	"time"

	"brownout/internal/pool"
	"brownout/internal/shop"
)

// poolHog is what jobs that take too long do to a worker pool: they take its workers, and
// all others wait.
func poolHog(h Host) Kind {
	const name = "pool.hog"
	classes := ownClass(h, name)
	return Kind{
		Name:    name,
		Summary: "Takes workers of the pool with long jobs: other jobs wait.",
		Missing: missing(h.Pool != nil, "worker pool"),
		Params: []Param{
			classParam("class", "the class of the jobs"),
			{Name: "jobs", Help: "how many there are at a time", Type: Int, Default: "4", Min: "1", Max: "4096"},
			{Name: "for", Help: "how long each takes a worker", Type: Duration, Default: "1s", Min: "1ms", Max: "1m"},
			howParam(),
		},
		Start: func(i *Injection) error {
			class, err := classes(i, "class")
			if err != nil {
				return err
			}
			length := i.Duration("for")
			start(i, h, class, func(context.Context) { i.spend(length) })
			return nil
		},
	}
}

// classParam is a parameter that names a class of the pool.
func classParam(name, help string) Param {
	return Param{Name: name, Help: help + "; one of the fault's own if empty", Type: Text}
}

// ownClass returns a function that finds the class which a parameter names. The class of
// the fault's own is made when it is first needed.
func ownClass(h Host, own string) func(i *Injection, param string) (*pool.Class, error) {
	mine := sync.OnceValue(func() *pool.Class { return h.Pool.Class(own, pool.ClassConfig{}) })
	return func(i *Injection, param string) (*pool.Class, error) {
		name := i.Text(param)
		if name == "" || name == own {
			return mine(), nil
		}
		if c := h.Pool.Lookup(name); c != nil {
			return c, nil
		}
		return nil, shop.Invalid(paramPointer(param), "is not a class of this pool; there are "+classNames(h.Pool))
	}
}

func classNames(p *pool.Pool) string {
	var names []string
	for _, c := range p.Stats().Classes {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// A worker is a job that is submitted again when it has ended, until the injection has.
// Each time it runs is a possible hit.
type worker struct {
	injection *Injection
	host      Host
	class     *pool.Class
	ctx       context.Context
	work      func(context.Context)
}

// resubmit is the pause before a job that was refused, or that missed, comes again.
const resubmit = 10 * time.Millisecond

// start submits as many workers as the parameter jobs says.
func start(i *Injection, h Host, class *pool.Class, work func(context.Context)) {
	ctx, cancel := context.WithCancel(background)
	i.OnEnd(cancel) // those that wait are dropped
	for range i.Int("jobs") {
		(&worker{i, h, class, ctx, work}).submit()
	}
}

func (w *worker) submit() {
	if w.injection.spent() {
		return
	}
	if w.host.Working != nil {
		w.host.Working()
	}
	if w.class.Submit(w.ctx, w) != nil {
		time.AfterFunc(resubmit, w.submit)
	}
}

// Name implements pool.Job.
func (w *worker) Name() string { return w.injection.spec.Fault }

// Run implements pool.Job.
func (w *worker) Run(ctx context.Context) {
	if w.injection.Hits() {
		w.work(ctx)
		w.submit()
		return
	}
	time.AfterFunc(resubmit, w.submit)
}

// Drop implements pool.Job: the injection has ended, or the job was shed.
func (w *worker) Drop(error) { time.AfterFunc(resubmit, w.submit) }
