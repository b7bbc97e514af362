package tracestore

import (
	"errors"
	"fmt"

	"brownout/internal/loopback"
)

// A Server receives traces at a port. Any goroutine may call its methods.
type Server struct {
	port  *loopback.Server
	ended chan error
}

// Listen receives traces at an address, such as "127.0.0.1:0" for a port that is free. It
// must be a loopback address: nobody is asked who he is. End it with Close.
func (s *Store) Listen(addr string) (*Server, error) {
	port, err := loopback.Listen(loopback.Config{Addr: addr, Handler: s.Handler()})
	if err != nil {
		return nil, fmt.Errorf("tracestore: %w", err)
	}
	server := &Server{port: port, ended: make(chan error, 1)}
	go func() {
		server.ended <- port.Serve()
		close(server.ended)
	}()
	return server, nil
}

// URL is where services send traces to, as in "http://127.0.0.1:4318".
func (s *Server) URL() string { return s.port.URL() }

// Close ends the port and all its connections, and waits for the port's goroutine.
func (s *Server) Close() error { return errors.Join(s.port.Close(), <-s.ended) }
