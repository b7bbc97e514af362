package main

import (
	"context"
	"net/http"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A breakable is a service with what of it faults can break.
type breakable struct {
	host   fault.Host
	filter fault.Filter
	// cleared is closed once all faults have ended at the end of the process; nil if there can be none.
	cleared chan struct{}
}

// build returns a function that builds the service behind a filter.
func (b *breakable) build(build buildFunc) func(*service.Runtime) (service.Service, error) {
	return func(rt *service.Runtime) (service.Service, error) {
		s, err := build(rt, &b.host)
		if err != nil {
			return s, err
		}
		b.host.Filter = &b.filter
		b.host.Work = resilience.NewOffload(rt.Protections, "fault", rt.Classes("fault"))
		return b.filter.Wrap(rt.Loop, s), nil
	}
}

// mount returns a function that makes the handlers of the service's faults. They end with
// ctx, so that none stands in the way of the end of the process.
func (b *breakable) mount(ctx context.Context) func(service.Inside) map[string]http.Handler {
	return func(in service.Inside) map[string]http.Handler {
		b.host.Loop, b.host.Pool, b.host.Working = in.Runtime.Loop, in.Pool, in.Working
		injector := fault.New(fault.Config{Kinds: fault.Catalogue(b.host), Metrics: in.Runtime.Metrics, Log: in.Runtime.Log})
		b.cleared = make(chan struct{})
		context.AfterFunc(ctx, func() {
			defer close(b.cleared)
			injector.ClearAll()
		})
		faults := http.StripPrefix("/admin", injector.Handler())
		return map[string]http.Handler{"/admin/faults": faults, "/admin/faults/": faults}
	}
}

// clearTime bounds how long the end of the process waits for that of its faults.
const clearTime = 2 * time.Second

// settle waits, when ctx is done, until the faults have ended, and the audit log says so.
func (b *breakable) settle(ctx context.Context) {
	if ctx.Err() == nil || b.cleared == nil {
		return
	}
	select {
	case <-b.cleared:
	case <-time.After(clearTime):
	}
}
