package proxy

import "time"

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
