package sim

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
)

var (
	errRefused = errors.New("connection refused")
	errReset   = errors.New("connection reset")
)

// A link is the way from one part of the shop to another, through a network that
// delays, loses and repeats. Each direction has its own delays. What a caller
// no longer waits for goes on all the same.
type link struct {
	world  *world
	from   string
	to     *node
	random *rand.Rand
}

func (w *world) link(from string, to *node) *link {
	return &link{world: w, from: from, to: to, random: w.chance(from + " to " + to.name)}
}

// A passage is a call on its way to the callee and back.
type passage struct {
	*link
	call     *service.Call
	answered *loop.Promise[loop.Outcome[*service.Reply]]
	left     bool // the caller has
}

// RoundTrip implements service.Transport.
func (l *link) RoundTrip(t *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	p := &passage{link: l, call: copyCall(c), answered: loop.NewPromise[loop.Outcome[*service.Reply]](t.Loop(), c.Name)}
	p.send()
	defer func() { p.left = true }() // also if the task is unwound here
	outcome, err := loop.Await(t, p.answered)
	if err != nil {
		return nil, err
	}
	return outcome.Value, outcome.Err
}

func copyCall(c *service.Call) *service.Call {
	own := *c
	own.Header, own.Body = slices.Clone(c.Header), bytes.Clone(c.Body)
	return &own
}

// send puts the call on its way.
func (p *passage) send() {
	if p.world.hits(p.random, p.world.config.Faults.LostRequests) {
		p.note(RequestLost)
		return
	}
	p.world.loop.SetTimeout("request", p.world.delay(p.random), p.arrive)
}

// arrive hands the call to the callee.
func (p *passage) arrive() {
	if p.to.life == nil {
		p.note(ConnectionRefused)
		p.answered.Resolve(loop.Outcome[*service.Reply]{Err: fmt.Errorf("%w: %w", service.ErrNotSent, errRefused)})
		return
	}
	if p.left {
		p.note(RequestLate)
	}
	p.deliver()
	if p.call.Repeatable && p.world.hits(p.random, p.world.config.Faults.Repeated) {
		p.world.loop.SetTimeout("request", p.world.delay(p.random), p.arriveAgain)
	}
}

// arriveAgain hands the call to the callee once more, whose answer to that nobody hears.
func (p *passage) arriveAgain() {
	if p.to.life == nil {
		return
	}
	p.note(RequestTwice)
	again := *p
	again.answered, again.left = loop.NewPromise[loop.Outcome[*service.Reply]](p.world.loop, p.call.Name), true
	again.deliver()
}

func (p *passage) deliver() {
	p.tell("call")
	p.to.open = append(p.to.open, p)
	p.to.desk.Dispatch(p.request(), p.reply)
}

// request is the call as the callee sees it.
func (p *passage) request() *service.Request {
	path, query, _ := strings.Cut(p.call.Path, "?")
	return &service.Request{
		Method: p.call.Method, Path: path, RawQuery: query,
		Headers: service.Fields(slices.Clone(p.call.Header)), Body: bytes.Clone(p.call.Body), Received: time.Now(),
	}
}

// reply takes the callee's answer on its way back.
func (p *passage) reply(r service.Response) {
	p.to.open = slices.DeleteFunc(p.to.open, func(other *passage) bool { return other == p })
	if p.world.hits(p.random, p.world.config.Faults.LostReplies) {
		p.note(ReplyLost)
		return
	}
	p.tell(strconv.Itoa(r.Status))
	answer := &service.Reply{Status: r.Status, Header: slices.Clone(r.Header), Body: bytes.Clone(r.Body)}
	p.world.loop.SetTimeout("reply", p.world.delay(p.random), func() {
		if p.left {
			p.note(ReplyLate)
		}
		p.answered.Resolve(loop.Outcome[*service.Reply]{Value: answer})
	})
}

// reset tells the caller that the callee has died.
func (p *passage) reset() {
	p.note(ConnectionReset)
	p.answered.Resolve(loop.Outcome[*service.Reply]{Err: errReset})
}

func (p *passage) note(e Event) {
	p.world.stats[e]++
	p.tell(string(e))
}

func (p *passage) tell(what string) {
	p.world.tell(what, "%s to %s: %s %s %s", p.from, p.to.name, p.call.Method, p.call.Path, p.call.Body)
}
