package proxy

import (
	"time"

	"brownout/chaos/fault"
)

// Latency delays each piece by what delay returns. What follows a piece does not overtake it, and does not
// wait longer for it: throughput stays what it was.
func Latency(d Direction, delay func() time.Duration) Toxic {
	return Toxic{Direction: d, Pass: func(t *Transit, p Piece, next Next) error {
		due := p.Came.Add(delay())
		if t.Until(due) {
			p.Came = due
		}
		return next(p)
	}}
}

// netLatency is a long way, or one that is crowded.
func netLatency(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.latency",
		Summary: "Delays what passes a link.",
		Missing: h.missing(),
		Params: []fault.Param{
			h.linkParam(),
			{Name: "latency", Help: "how much later it arrives", Type: fault.Duration, Default: "100ms", Max: "30s"},
			{Name: "jitter", Help: "by how much the latency varies, up and down", Type: fault.Duration, Default: "0s", Max: "30s"},
			directionParam("what is delayed; both makes a call late by two latencies", Replies, Replies, Requests, Both),
		},
		Start: h.start(func(i *fault.Injection) Toxic {
			latency, jitter := i.Duration("latency"), i.Duration("jitter")
			return Latency(direction(i), func() time.Duration { return i.Jitter(latency, jitter) })
		}),
	}
}
