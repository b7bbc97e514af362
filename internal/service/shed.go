package service

import (
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A shedder turns requests away for which there is no room, before anything is made of
// them: to say no must cost no more than to say anything, or a service that is overloaded
// drowns in its refusals. What it does not recognise goes the usual way, and is refused
// there if it must be.
type shedder struct {
	dispatcher *Dispatcher
	full       *template
	templates  sync.Map // of *template by the error of a protection, of which there are few
}

func newShedder(d *Dispatcher) *shedder {
	return &shedder{dispatcher: d, full: newTemplate(AsError(loop.ErrFull))}
}

// crowded says whether it is worth asking for room. It is asked before every request.
func (s *shedder) crowded() bool {
	d := s.dispatcher
	return d.runtime.Loop.Full() || d.inFlight.Load() >= int64(d.config.InFlight/2) // less keeps nobody out
}

// room returns why a route's request is not served now, nil if nothing speaks against it.
func (s *shedder) room(r *Route) *template {
	d := s.dispatcher
	if d.runtime.Loop.Full() {
		return s.full
	}
	next := int(d.inFlight.Load()) + 1
	err := d.bound.Refuse(next)
	if err == nil {
		err = d.priority.Refuse(r.Importance, next)
	}
	if err == nil {
		return nil
	}
	if known, ok := s.templates.Load(err); ok {
		return known.(*template)
	}
	made, _ := s.templates.LoadOrStore(err, newTemplate(AsError(err)))
	return made.(*template)
}

// turnAway answers a request for which there is no room, and says whether it did.
func (s *shedder) turnAway(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	path, _, _ := strings.Cut(string(h.RequestURI()), "?") // one that is encoded finds no route
	var params [maxParams]string
	route, err := s.dispatcher.router.find(methodOf(h), path, &params)
	if err != nil {
		return false
	}
	why := s.room(route)
	if why == nil {
		return false
	}
	id, ok := s.dispatcher.runtime.Tracing.Unkept(string(h.PeekCanonical(traceparentKey)))
	if !ok {
		return false
	}
	if checkHeaders(h.RawHeaders()) != nil {
		ctx.SetConnectionClose() // what follows may be misread too
	}
	why.write(ctx, id[:])
	s.count(route.Name, why.status, ctx.Time())
	return true
}

// count counts a request that came at a time and was turned away.
func (s *shedder) count(route string, status int, came time.Time) {
	d, took := s.dispatcher, time.Since(came)
	d.http.Arrive(route, came)
	d.http.Observe(route, status, took)
	d.goodput.Observe(route, status, took)
}

// The names of headers as fasthttp keeps them.
var (
	traceparentKey = []byte(shop.HeaderTraceparent)
	retryAfterKey  = []byte("Retry-After")
)
