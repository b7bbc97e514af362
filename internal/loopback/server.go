package loopback

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Bounds of connections.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 15 * time.Second // from the header on; the answer to a request with a body takes no longer
	answerTimeout = time.Minute      // from the header on, unless a handler sets a deadline of its own for what it writes
	idleTimeout   = time.Minute
	maxHeaders    = 64 << 10 // bytes
)

// A Config says what a port is.
type Config struct {
	// Addr is host:port; port 0 means any that is free.
	Addr string
	// Private lets Addr be one of a private network, or of all that this machine has, and answers private networks.
	Private bool
	// Hosts are values of the header Host that are answered beside addresses and localhost, such as "room:4318": for
	// programs that know the port by a name of a network of their own.
	Hosts []string
	// Handler answers, within a minute. What takes longer, as a stream of news does, sets the deadline of each piece
	// that it writes.
	Handler http.Handler
}

// A Server answers at a port. Any goroutine may call its methods.
type Server struct {
	socket net.Listener
	server *http.Server
}

// Listen opens the port; requests are taken from it by Serve.
func Listen(c Config) (*Server, error) {
	at, err := c.address()
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, err
	}
	return &Server{socket, &http.Server{
		Handler:           Guard(c),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          log.New(io.Discard, "", 0),
	}}, nil
}

// address is Addr, if it may be listened at. What has been checked is what is listened at: a name is looked up once.
func (c Config) address() (*net.TCPAddr, error) {
	at, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	ip := at.AddrPort().Addr().Unmap()
	switch {
	case ip.IsLoopback():
		return at, nil
	case !c.Private:
		return nil, fmt.Errorf("%s is no loopback address", c.Addr)
	case !ip.IsValid(), ip.IsUnspecified(), isPrivate(ip):
		return at, nil
	}
	return nil, fmt.Errorf("%s is a public address", c.Addr)
}

func isPrivate(ip netip.Addr) bool { return ip.IsPrivate() || ip.IsLinkLocalUnicast() }

// URL is where the port is, as in "http://127.0.0.1:9090".
func (s *Server) URL() string { return "http://" + s.socket.Addr().String() }

// Serve answers until Close.
func (s *Server) Serve() error {
	if err := s.server.Serve(s.socket); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends the port and all its connections. It may be called without Serve.
func (s *Server) Close() error { return errors.Join(s.server.Close(), ignoreClosed(s.socket.Close())) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Guard returns the handler of a configuration, for those only who ask from where they may, and for an address. What
// is listened at does not matter.
func Guard(c Config) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !c.admits(r.RemoteAddr):
			http.Error(w, "This port does not answer your network.", http.StatusForbidden)
		case !isAddress(r.Host) && !slices.Contains(c.Hosts, r.Host):
			http.Error(w, "This port answers to its address and to localhost, and to no other name.", http.StatusMisdirectedRequest)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			bound(w, r)
			c.Handler.ServeHTTP(w, r)
		}
	})
}

// bound has a body come, and the answer be taken, in time: who does neither has a goroutine, and what the handler holds,
// until then. Server.ReadTimeout would end the stream of news that a page listens to, too.
func bound(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w) // all connections can
	_ = connection.SetWriteDeadline(time.Now().Add(answerTimeout))
	if r.ContentLength != 0 {
		_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

func (c Config) admits(remote string) bool {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := from.Addr().Unmap()
	return ip.IsLoopback() || c.Private && isPrivate(ip)
}

// isAddress says whether a Host header is one that no DNS can have led here.
func isAddress(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}
