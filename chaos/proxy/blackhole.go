package proxy

import (
	"errors"

	"brownout/chaos/fault"
)

// errLeft is returned for a connection that need not be opened any more.
var errLeft = errors.New("the client has left")

// Timeout lets nothing pass in a direction, not even that a connection opens or closes: who waits for it
// waits until its own timeout. When the toxic ends, what was held passes after all, as TCP
// sends again what was lost; but a connection whose client has left meanwhile is not opened.
func Timeout(d Direction) Toxic {
	return Toxic{Direction: d, Pass: func(t *Transit, p Piece, next Next) error {
		t.End()
		if p.Mark == Open && t.Left() {
			return errLeft
		}
		return next(p)
	}}
}

// netBlackhole is a cable that is cut: nobody is told.
func netBlackhole(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.blackhole",
		Summary: "Lets nothing pass a link, and tells nobody; at its end, what was held passes.",
		Missing: h.missing(),
		Params:  []fault.Param{h.linkParam()},
		Start:   h.start(func(*fault.Injection) Toxic { return Timeout(Both) }),
	}
}
