package port

import "fmt"

// A Held is a port that is kept. On Linux, whoever asks for that very port still gets it,
// as long as nobody listens there; whoever asks for any port, or connects from any, gets
// another one. Elsewhere it is only known to have been free.
type Held struct {
	addr string
	keep keeper
}

// Hold keeps a port of an IPv4 address, host:port; port 0 means any that is free. An error
// that wraps syscall.EADDRINUSE says that somebody listens there.
func Hold(addr string) (*Held, error) {
	h := new(Held)
	var err error
	if h.addr, h.keep, err = keep(addr); err != nil {
		return nil, fmt.Errorf("hold the port %s: %w", addr, err)
	}
	return h, nil
}

// Addr returns the address, host:port.
func (h *Held) Addr() string { return h.addr }

// Close gives the port up. Whoever listens there goes on.
func (h *Held) Close() error { return h.keep.close() }
