package proxy

import (
	"sync"
	"time"

	"brownout/chaos/fault"
)

// turns is how often in a second a line goes from one connection to another that wants it.
const turns = 20

// Bandwidth lets a number of bytes a second pass in a direction, at least one. The connections that it hits
// share them.
func Bandwidth(d Direction, rate int64) Toxic {
	b := &bandwidth{rate: rate, lines: map[Direction]*line{Requests: {}, Replies: {}}}
	return Toxic{Direction: d, Pass: b.pass, Spares: func(p Piece) bool { return len(p.Data) == 0 }}
}

type bandwidth struct {
	rate  int64
	lines map[Direction]*line
}

func (b *bandwidth) pass(t *Transit, p Piece, next Next) error {
	largest := int(max(1, b.rate/turns))
	return inParts(p, largest, func(part Piece) error {
		sending := time.Duration(len(part.Data)) * time.Second / time.Duration(b.rate)
		part.Came = b.lines[t.Direction].reserve(sending)
		t.Until(part.Came)
		return next(part)
	})
}

// A line is busy with one part after another.
type line struct {
	mu   sync.Mutex
	free time.Time
}

// reserve takes the line for as long as a part needs, as soon as it is free, and returns the end of
// that time.
func (l *line) reserve(d time.Duration) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(d)
	return l.free
}

// inParts hands a piece on in parts of at most a number of bytes.
func inParts(p Piece, largest int, next Next) error {
	for len(p.Data) > largest {
		part := p
		part.Data, p.Data = p.Data[:largest], p.Data[largest:]
		if err := next(part); err != nil {
			return err
		}
	}
	return next(p)
}

// netBandwidth is a line that is too narrow.
func netBandwidth(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.bandwidth",
		Summary: "Bounds how much passes a link in a second; its connections share it.",
		Missing: h.missing(),
		Params: []fault.Param{
			h.linkParam(),
			{Name: "rate", Help: "bytes a second", Type: fault.Bytes, Default: "64KiB", Min: "1", Max: "1GiB"},
			directionParam("what is bounded; with both, each by itself", Both, Replies, Requests, Both),
		},
		Start: h.start(func(i *fault.Injection) Toxic { return Bandwidth(direction(i), i.Bytes("rate")) }),
	}
}
