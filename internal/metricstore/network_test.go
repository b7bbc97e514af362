package metricstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"brownout/internal/metricstore"
)

// A network is one in memory, so that HTTP runs in virtual time. Hosts that it does not
// know refuse connections.
type network struct {
	mu    sync.Mutex
	hosts map[string]chan net.Conn
}

func newNetwork() *network { return &network{hosts: map[string]chan net.Conn{}} }

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	host := n.hosts[address]
	n.mu.Unlock()
	if host == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case host <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve has a handler answer at an address until stop, or the end of the test.
func (n *network) serve(t *testing.T, address string, h http.Handler) (stop func()) {
	t.Helper()
	l := &listener{address: address, connections: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	n.mu.Lock()
	n.hosts[address] = l.connections
	n.mu.Unlock()
	go func() { _ = server.Serve(l) }()
	stop = sync.OnceFunc(func() {
		n.mu.Lock()
		delete(n.hosts, address)
		n.mu.Unlock()
		_ = server.Close()
	})
	t.Cleanup(stop)
	return stop
}

type listener struct {
	address     string
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: l.address} }

// A text is a handler that answers in the text format.
type text string

func (x text) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = fmt.Fprint(w, string(x))
}

// A lab is a store and a network of targets.
type lab struct {
	*metricstore.Store
	*network
	t       *testing.T
	mu      sync.Mutex
	targets []metricstore.Target
}

// open makes a lab in the folder of the test, with changes to its configuration.
func open(t *testing.T, changes ...func(*metricstore.Config)) *lab {
	t.Helper()
	l := &lab{network: newNetwork(), t: t}
	c := metricstore.Config{Dir: t.TempDir(), Targets: l.list, Dial: l.dial}
	for _, change := range changes {
		change(&c)
	}
	store, err := metricstore.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	l.Store = store
	return l
}

func (l *lab) list() []metricstore.Target {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.targets
}

func (l *lab) set(targets ...metricstore.Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.targets = targets
}

// value returns what an expression of one series is now, and false if it is nothing.
func (l *lab) value(expr string) (v float64, ok bool) {
	l.t.Helper()
	found := l.query(expr)
	if len(found) == 0 {
		return 0, false
	}
	if len(found) != 1 || len(found[0].Points) != 1 {
		l.t.Fatalf("%s: %v, want one point", expr, found)
	}
	return found[0].Points[0].V, true
}

func (l *lab) query(expr string) []metricstore.Series {
	l.t.Helper()
	found, err := l.Query(l.t.Context(), expr, time.Time{})
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

func (l *lab) expect(expr string, want float64) {
	l.t.Helper()
	if v, ok := l.value(expr); !ok || v != want {
		l.t.Errorf("%s: %v (%v), want %v", expr, v, ok, want)
	}
}

func (l *lab) expectNothing(expr string) {
	l.t.Helper()
	if v, ok := l.value(expr); ok {
		l.t.Errorf("%s: %v, want nothing", expr, v)
	}
}

func target(job string) metricstore.Target {
	return metricstore.Target{Job: job, URL: "http://" + job + ":80/metrics"}
}

// registry returns a handler that shows one counter, and the counter.
func registry(name string) (http.Handler, prometheus.Counter) {
	reg := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: "Something."})
	reg.MustRegister(counter)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), counter
}
