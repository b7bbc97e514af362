package service

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"brownout/internal/loop"
)

// Direct returns a transport to a service on the same loop, without a network: for
// simulations and tests. What a caller no longer waits for goes on all the same.
func Direct(d *Dispatcher) Transport { return direct{d} }

type direct struct{ callee *Dispatcher }

// RoundTrip implements Transport.
func (tr direct) RoundTrip(t *loop.Task, c *Call, _ time.Duration) (*Reply, error) {
	answered := loop.NewPromise[*Reply](t.Loop(), "answer")
	tr.callee.Dispatch(tr.request(c), func(r Response) { answered.Resolve(replyOf(r)) })
	return loop.Await(t, answered)
}

// request is the call as the callee sees it: nothing of it is shared with the caller.
func (direct) request(c *Call) *Request {
	path, query, _ := strings.Cut(c.Path, "?")
	return &Request{
		Method:   c.Method,
		Path:     path,
		RawQuery: query,
		Body:     bytes.Clone(c.Body),
		Headers:  Fields(slices.Clone(c.Header)),
		Received: time.Now(),
	}
}

func replyOf(r Response) *Reply {
	return &Reply{Status: r.Status, Header: slices.Clone(r.Header), Body: bytes.Clone(r.Body)}
}
