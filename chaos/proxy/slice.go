package proxy

import (
	"time"

	"brownout/chaos/fault"
)

// Slicer cuts what passes into parts of a size in bytes, and waits between two of them.
func Slicer(d Direction, size int, delay time.Duration) Toxic {
	return Toxic{
		Direction: d,
		Spares:    func(p Piece) bool { return len(p.Data) <= size },
		Pass: func(t *Transit, p Piece, next Next) error {
			var ready time.Time
			return inParts(p, size, func(part Piece) error {
				t.Until(ready)
				ready = time.Now().Add(delay)
				return next(part)
			})
		},
	}
}

// netSlice is a way on which what was sent as one does not arrive as one.
func netSlice(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.slice",
		Summary: "Delivers what passes a link in small parts, with pauses.",
		Missing: h.missing(),
		Params: []fault.Param{
			h.linkParam(),
			{Name: "size", Help: "the largest part", Type: fault.Bytes, Default: "64", Min: "1", Max: "32KiB"},
			{Name: "delay", Help: "the pause between two parts", Type: fault.Duration, Default: "10ms", Max: "10s"},
			directionParam("what is cut", Both, Replies, Requests, Both),
		},
		Start: h.start(func(i *fault.Injection) Toxic {
			return Slicer(direction(i), int(i.Bytes("size")), i.Duration("delay"))
		}),
	}
}
