package redistest

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"brownout/internal/port/porttest"
)

// A Server is a Redis that runs until the test which asked for it has ended.
type Server struct {
	// Name is miniredis or redis.
	Name string
	// Addr is its host and port.
	Addr string
	// Real says that it is a redis-server, with all that Redis can do and with
	// data that outlives its death.
	Real bool

	engine engine
}

// An engine is what runs a server.
type engine interface {
	start() error // with the data of its last life, at the same address
	kill()        // at once; it may be dead already
}

// Servers starts one server of each kind. Where redis-server is missing, that is
// logged, and only miniredis is returned; [Each] makes it a visible skip.
func Servers(t testing.TB) []Server {
	t.Helper()
	servers := []Server{Mini(t)}
	if err := missing(); err != nil {
		skipOrFail(t, t.Log, err)
		return servers
	}
	return append(servers, Real(t))
}

// Each runs fn as a subtest with a server of each kind, named after the server.
func Each(t *testing.T, fn func(t *testing.T, s Server)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { fn(t, Mini(t)) })
	t.Run("redis", func(t *testing.T) { fn(t, Real(t)) })
}

// Mini starts a miniredis.
func Mini(t testing.TB) Server {
	t.Helper()
	m := &mini{server: miniredis.NewMiniRedis()}
	m.server.ClockTTL(true)
	if err := m.server.StartAddr(porttest.Hold(t)); err != nil {
		t.Fatal("miniredis: ", err)
	}
	t.Cleanup(m.kill)
	return Server{Name: "miniredis", Addr: m.server.Addr(), engine: m}
}

// Real starts a redis-server, and skips the test if there is none.
func Real(t testing.TB) Server {
	t.Helper()
	if err := missing(); err != nil {
		skipOrFail(t, t.Skip, err)
	}
	p, err := newProcess(t.TempDir(), porttest.Hold(t))
	if err != nil {
		t.Fatal("redis-server: ", err)
	}
	t.Cleanup(p.kill)
	return Server{Name: "redis", Addr: p.addr, Real: true, engine: p}
}

// Kill ends the server at once, as kill -9 does: connections break, new ones are
// refused.
func (s Server) Kill() { s.engine.kill() }

// Restart kills the server, if it still runs, and starts it again with its data, at
// the same address.
func (s Server) Restart(t testing.TB) {
	t.Helper()
	s.engine.kill()
	if err := s.engine.start(); err != nil {
		t.Fatalf("%s does not start again: %v", s.Name, err)
	}
}

// Prefix returns a prefix for the keys of a test, for tests that share a server.
func Prefix(t testing.TB) string { return strings.ReplaceAll(t.Name(), "/", ":") + ":" }

func missing() error {
	if _, err := exec.LookPath(program); err != nil {
		return errors.New(program + " is not installed")
	}
	return nil
}

// skipOrFail hands the reason to skip, unless BROWNOUT_REQUIRE names redis.
func skipOrFail(t testing.TB, skip func(...any), reason error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), "redis") {
		t.Fatalf("%v, and BROWNOUT_REQUIRE names redis", reason)
	}
	skip(reason)
}

// mini keeps its data through a kill: it lives in the test's process.
type mini struct {
	server *miniredis.Miniredis
}

func (m *mini) start() error { return m.server.Restart() }

func (m *mini) kill() { m.server.Close() }
