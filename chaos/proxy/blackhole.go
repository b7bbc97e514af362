package proxy

import "errors"

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
