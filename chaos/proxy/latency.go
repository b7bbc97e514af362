package proxy

import "time"

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
