package tracestore

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Bounds of a server's connections.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 10 * time.Second
	idleTimeout  = time.Minute
	maxHeaders   = 16 << 10 // bytes
)

// A Server receives traces at a port. Any goroutine may call its methods.
type Server struct {
	socket net.Listener
	server *http.Server
	ended  chan error
}

// Listen receives traces at an address, such as "127.0.0.1:0" for a port that is free. It
// must be a loopback address: nobody is asked who he is. End it with Close.
func (s *Store) Listen(addr string) (*Server, error) {
	if err := checkLoopback(addr); err != nil {
		return nil, fmt.Errorf("tracestore: %q: %w", addr, err)
	}
	socket, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tracestore: %w", err)
	}
	server := &Server{socket: socket, ended: make(chan error, 1), server: &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          log.New(io.Discard, "", 0),
	}}
	go func() {
		server.ended <- server.server.Serve(socket)
		close(server.ended)
	}()
	return server, nil
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return errors.New("not a loopback address")
	}
	return nil
}

// URL is where services send traces to, as in "http://127.0.0.1:4318".
func (s *Server) URL() string { return "http://" + s.socket.Addr().String() }

// Close ends the port and all its connections, and waits for the port's goroutine.
func (s *Server) Close() error {
	err := s.server.Close()
	if ended := <-s.ended; ended != nil && !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
