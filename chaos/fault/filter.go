package fault

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

var background = context.Background()

// A Filter stands before the routes of a service, where http.* act: within the task of a
// request, so that its deadline holds. While none is active, it costs one atomic load. The
// zero value is ready.
type Filter struct {
	loop    *loop.Loop
	routes  []string
	mu      sync.Mutex
	harmers atomic.Pointer[[]*harmer]
}

// A harmer is an injection that acts on requests.
type harmer struct {
	injection *Injection
	route     string // "" for all
	harm      harm
	ended     *loop.Promise[struct{}] // settled on the loop when the injection has ended
}

// A harm is what is done to a request before its handler runs; an error is its answer.
// It belongs to the loop.
type harm func(t *loop.Task, h *harmer) error

// Wrap puts the filter before the routes of a service. It is called once, before the
// loop runs.
func (f *Filter) Wrap(l *loop.Loop, s service.Service) service.Service {
	f.loop = l
	s.Routes = slices.Clone(s.Routes)
	for n := range s.Routes {
		r := &s.Routes[n]
		f.routes = append(f.routes, r.Name)
		r.Handle = f.before(r.Name, r.Handle)
	}
	return s
}

func (f *Filter) before(route string, next service.Handler) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		if all := f.harmers.Load(); all != nil {
			if err := meet(t, *all, route); err != nil {
				return service.Response{}, err
			}
		}
		return next(t, r)
	}
}

// meet has those of the harmers who mean the route do to the task what they do.
func meet(t *loop.Task, all []*harmer, route string) error {
	for _, h := range all {
		if h.route != "" && h.route != route {
			continue
		}
		if err := h.harm(t, h); err != nil {
			return err
		}
	}
	return nil
}

// add has an injection act on requests until it ends. Its kind has a parameter route.
func (f *Filter) add(i *Injection, do harm) error {
	h := &harmer{injection: i, route: i.Text("route"), harm: do}
	if h.route != "" && !slices.Contains(f.routes, h.route) {
		return shop.Invalid(paramPointer("route"), "is not a route of this service")
	}
	return post(f.loop, i.spec.Fault, i.done, func() {
		h.ended = loop.NewPromise[struct{}](f.loop, i.spec.Fault)
		f.change(func(all []*harmer) []*harmer { return append(all, h) })
		i.OnEnd(func() { f.remove(h) })
	})
}

// remove takes a harmer away, and lets those go on whom it keeps.
func (f *Filter) remove(h *harmer) {
	f.change(func(all []*harmer) []*harmer {
		return slices.DeleteFunc(all, func(other *harmer) bool { return other == h })
	})
	_ = post(f.loop, h.injection.spec.Fault, nil, func() { h.ended.Resolve(struct{}{}) }) // a closed loop cancels its tasks
}

// change replaces the list of harmers, which those who read it may still have.
func (f *Filter) change(fn func([]*harmer) []*harmer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*harmer
	if was := f.harmers.Load(); was != nil {
		all = slices.Clone(*was)
	}
	if all = fn(all); len(all) == 0 {
		f.harmers.Store(nil)
		return
	}
	f.harmers.Store(&all)
}

// hits asks the injection whether a request is hit, for hits that come in runs of so many, and notes
// in its trace that it is.
func (h *harmer) hits(t *loop.Task, run int) bool {
	if !h.injection.HitsInRuns(run) {
		return false
	}
	telemetry.FromContext(t.Context()).Hit(h.injection.spec.Fault, time.Now())
	return true
}

// keep has the task wait for d, but not after the injection has ended. The error is why the
// task was cancelled, nil if it was not.
func (h *harmer) keep(t *loop.Task, d time.Duration) error {
	_ = t.WithTimeout(d, func() error { return h.hang(t) }) // that the time is over is what is wanted
	return t.Err()
}

// hang has the task wait until the injection ends. The error is as in keep.
func (h *harmer) hang(t *loop.Task) error {
	_, err := loop.Await(t, h.ended)
	return err
}

// routeParam is the parameter of the kinds that act on requests.
func routeParam() Param {
	return Param{Name: "route", Help: "the name of the route; all of them if empty", Type: Text}
}
