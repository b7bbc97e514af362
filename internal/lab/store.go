package lab

import (
	"crypto/rand"

	"brownout/chaos/fault"
	"brownout/internal/port"
)

// A store is the Redis that has the data of a life.
type store struct {
	addr string
	// Of an embedded one:
	password string // opens it
	server   *embedded
	held     *port.Held // its port, if that is nobody else's
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

// close ends an embedded Redis, and its data; a real one goes on.
func (s *store) close() {
	if s.server != nil {
		s.server.Close()
	}
	if s.held != nil {
		_ = s.held.Close()
	}
}

// faults is what can be done to it.
func (s *store) faults() fault.Redis {
	if s.server == nil {
		return foreignRedis{}
	}
	return s.server
}

// String says which one it is.
func (s *store) String() string {
	if s.server == nil {
		return "Redis at " + s.addr
	}
	return "embedded Redis"
}
