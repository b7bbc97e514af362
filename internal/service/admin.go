package service

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// unreadyAfter is the age of a turn from which on a service says that it is not ready.
const unreadyAfter = time.Second

// AdminConfig says how an admin listener works.
type AdminConfig struct {
	// Addr is host:port; port 0 means any that is free.
	Addr string
	// Private lets other machines of a private network in; without it, only
	// this one is answered, and Addr must be of this machine alone.
	Private bool
	// Public lets Addr be any, and answers all networks.
	Public bool
	// Token is the bearer token that is asked for everywhere but at /livez and
	// /readyz. "" means one made at random.
	Token string
	// Metrics are what /metrics shows.
	Metrics *telemetry.Registry
	// Mount has more handlers, by the patterns of http.ServeMux.
	Mount map[string]http.Handler
	// Loop, LoopMetrics, Pool and Protections are those of the service; each is nil in a
	// process that has none.
	Loop        *loop.Loop
	LoopMetrics *telemetry.LoopMetrics
	Pool        *pool.Pool
	Protections *resilience.Registry
	// Unready is the service's; see Service.
	Unready func() string
}

// An Admin is the port from which a service is looked at and switched. It never enters the
// loop, and so answers while that is blocked.
type Admin struct {
	config AdminConfig
	socket net.Listener
	server *http.Server
	ready  atomic.Bool
}

// ListenAdmin opens the socket; requests are taken from it by Serve.
func ListenAdmin(c AdminConfig) (*Admin, error) {
	if err := c.checkAddr(); err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	if c.Token == "" {
		c.Token = rand.Text()
	}
	a := &Admin{config: c, socket: socket}
	a.server = &http.Server{
		Handler:           a.guard(a.routes()),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      2 * time.Minute, // a profile takes its time
		MaxHeaderBytes:    maxHeaders,
	}
	return a, nil
}

// checkAddr refuses an address that others reach, unless that is wanted: from an admin port,
// a service is broken.
func (c *AdminConfig) checkAddr() error {
	at, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err != nil {
		return err
	}
	ip := at.AddrPort().Addr().Unmap()
	private := !ip.IsValid() || ip.IsUnspecified() || isPrivate(ip)
	if ip.IsLoopback() || c.Public || c.Private && private {
		return nil
	}
	return &ExposedError{Addr: c.Addr, Public: !private}
}

// An ExposedError refuses the address of an admin port that others would reach.
type ExposedError struct {
	Addr   string
	Public bool // to all networks
}

// Error says which flag would allow it.
func (e *ExposedError) Error() string {
	if e.Public {
		return e.Addr + " is a public address: only with --admin-public is it listened at"
	}
	return e.Addr + " is reached by other machines: only with --admin-private is it listened at"
}

func isPrivate(ip netip.Addr) bool { return ip.IsPrivate() || ip.IsLinkLocalUnicast() }

// Addr returns the address that the listener is bound to.
func (a *Admin) Addr() net.Addr { return a.socket.Addr() }

// Token returns the bearer token.
func (a *Admin) Token() string { return a.config.Token }

// SetReady says whether the service takes requests, as far as it knows.
func (a *Admin) SetReady(ready bool) { a.ready.Store(ready) }

// Serve answers until Close.
func (a *Admin) Serve() error {
	if err := a.server.Serve(a.socket); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends the listener and all its connections.
func (a *Admin) Close() error { return a.server.Close() }

func (a *Admin) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "alive\n") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.config.Metrics.Handler())
	if a.config.Loop != nil && a.config.LoopMetrics != nil {
		mux.HandleFunc("GET /debug/loop", a.debugLoop)
	}
	if a.config.Protections != nil {
		mux.HandleFunc("GET /admin/protections", a.getProtections)
		mux.HandleFunc("PUT /admin/protections", a.putProtections)
	}
	for pattern, handler := range a.config.Mount {
		mux.Handle(pattern, handler)
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// guard answers those only who may ask.
func (a *Admin) guard(next http.Handler) http.Handler {
	known := WithToken(a.config.Token, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !a.admits(r.RemoteAddr):
			problem(w, &shop.Error{Code: shop.CodeForbidden, Message: "the admin port does not answer this network"})
		case r.URL.Path == "/livez", r.URL.Path == "/readyz":
			next.ServeHTTP(w, r)
		default:
			known.ServeHTTP(w, r)
		}
	})
}

// WithToken answers those only who send the bearer token. Those who send another one, a
// customer's say, are told that it does not suffice.
func WithToken(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		switch {
		case hasToken(header, token):
			next.ServeHTTP(w, r)
		case hasSomeToken(header):
			problem(w, &shop.Error{Code: shop.CodeForbidden, Message: "this port asks for its own token, and that is another"})
		default:
			problem(w, &shop.Error{Code: shop.CodeUnauthenticated, Message: "this port asks for its token"})
		}
	})
}

// hasSomeToken says whether an Authorization header carries a bearer token, whatever it is.
func hasSomeToken(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

func (a *Admin) admits(remote string) bool {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := from.Addr().Unmap()
	return ip.IsLoopback() || a.config.Public || a.config.Private && isPrivate(ip)
}

func (a *Admin) readyz(w http.ResponseWriter, _ *http.Request) {
	var busy time.Duration
	if a.config.Loop != nil {
		busy = a.config.Loop.State().Busy
	}
	why := a.unready()
	switch {
	case !a.ready.Load():
		problem(w, &shop.Error{Code: shop.CodeClosing, Message: "not taking requests"})
	case busy > unreadyAfter:
		problem(w, &shop.Error{Code: shop.CodeOverloaded, Message: "the loop is in one turn since " + busy.Round(time.Millisecond).String()})
	case why != "":
		problem(w, &shop.Error{Code: shop.CodeUnavailable, Message: why})
	default:
		_, _ = io.WriteString(w, "ready\n")
	}
}

// unready is what the service says of itself.
func (a *Admin) unready() string {
	if a.config.Unready == nil {
		return ""
	}
	return a.config.Unready()
}

func (a *Admin) getProtections(w http.ResponseWriter, _ *http.Request) {
	respond(w, a.config.Protections.States())
}

// putProtections switches those that the body names, as in {"breaker": false}, or, if one
// of them does not exist, none.
func (a *Admin) putProtections(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOtherBody))
	if err != nil {
		problem(w, unreadable(err))
		return
	}
	states, err := Decode[map[resilience.Name]bool](body)
	if err == nil {
		if unknown := a.config.Protections.Set(states); unknown != nil {
			err = shop.Invalid("/", unknown.Error())
		}
	}
	if err != nil {
		problem(w, AsError(err))
		return
	}
	a.getProtections(w, r)
}

// unreadable says why a body could not be read.
func unreadable(err error) *shop.Error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge(maxOtherBody)
	}
	return &shop.Error{Code: shop.CodeSlow, Message: "the body did not come, or not in time", Err: err}
}

func respond(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", contentJSON)
	_ = json.MarshalWrite(w, v) // the asker has left
}

func problem(w http.ResponseWriter, e *shop.Error) {
	answer := Problem(e, "")
	w.Header().Set("Content-Type", answer.ContentType)
	for _, f := range answer.Header {
		w.Header().Set(f.Name, f.Value)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}
