package fault_test

import (
	"sync/atomic"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
	"brownout/internal/service"
)

// A victim is a loop that turns, with an injector.
type victim struct {
	*injected
	loop  *loop.Loop
	ticks atomic.Int64 // of an interval of a millisecond
	turns atomic.Int64 // long ones, as the watchdog sees them
	last  atomic.Pointer[loop.LongTurn]
}

// onLoop runs a loop, virtual or not as the test is, until fn has returned.
func onLoop(t *testing.T, fn func(*victim)) {
	t.Helper()
	v := &victim{}
	v.loop = loop.New(loop.Config{Name: "victim", Grace: -1, LongTurn: 100 * time.Millisecond, OnLongTurn: func(turn loop.LongTurn) {
		v.last.Store(&turn)
		v.turns.Add(1)
	}})
	v.injected = injector(t, fault.Catalogue(fault.Host{Loop: v.loop})...)
	ended := make(chan error, 1)
	go func() {
		ended <- v.loop.Run(func() { v.loop.SetInterval("tick", time.Millisecond, func() { v.ticks.Add(1) }) })
	}()
	defer func() {
		v.ClearAll()
		v.loop.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	fn(v)
}

// comesThrough waits until the loop takes work from outside.
func (v *victim) comesThrough() {
	v.t.Helper()
	through := make(chan struct{})
	if err := v.loop.Post("probe", func() { close(through) }); err != nil {
		v.t.Fatal(err)
	}
	<-through
}

// until waits, in real time, until something is so; the test's own timeout bounds it.
func until(so func() bool) {
	for !so() {
		time.Sleep(time.Millisecond)
	}
}

// routed is a service of two routes behind a filter.
func routed(f *fault.Filter, rt *service.Runtime) service.Service {
	pong := func(*loop.Task, *service.Request) (service.Response, error) { return service.JSON(200, "pong") }
	return f.Wrap(rt.Loop, service.Service{Routes: []service.Route{
		{Name: "ping", Method: "GET", Pattern: "/v1/ping", Handle: pong},
		{Name: "other", Method: "GET", Pattern: "/v1/other", Handle: pong, Timeout: time.Second},
	}})
}
