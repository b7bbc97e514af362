package lab

import (
	"crypto/rand"

	"brownout/internal/port"
)

// A store is the Redis that has the data of a life.
type store struct {
	addr     string
	password string // opens it; "" if it asks for none
	// Of an embedded one:
	server *embedded  // nil when it is closed, too
	held   *port.Held // its port, if that is nobody else's
}

// embed starts an embedded Redis at an address.
func embed(addr string) (*store, error) {
	s := &store{addr: addr, password: rand.Text()}
	var err error
	s.server, err = startRedis(addr, s.password)
	return s, err
}

// embedAnywhere starts one at a port of its own.
func embedAnywhere() (*store, error) {
	held, err := port.Hold("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s, err := embed(held.Addr())
	if err != nil {
		_ = held.Close() // nothing was written
		return nil, err
	}
	s.held = held
	return s, nil
}

// close ends an embedded Redis, and its data; a real one goes on. It may be called again.
func (s *store) close() {
	if s.server != nil {
		s.server.Close()
	}
	if s.held != nil {
		_ = s.held.Close() // nothing was written
	}
	s.server, s.held = nil, nil
}

// String says which one it is.
func (s *store) String() string {
	if s.server == nil {
		return "Redis at " + s.addr
	}
	return "embedded Redis"
}
