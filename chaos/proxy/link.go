package proxy

import (
	"cmp"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// DefaultConnections bounds the connections of a link unless told otherwise.
	DefaultConnections = 1024
	// openTime bounds how long a link tries to connect to its upstream.
	openTime = 5 * time.Second
)

// Config says what a link is.
type Config struct {
	// Name is that of both ends: "gateway-payments".
	Name string
	// Upstream is where it leads, host:port.
	Upstream string
	// Connections bounds those at a time; 0 means DefaultConnections.
	Connections int
	// Metrics counts what passes; nil for nobody.
	Metrics *Metrics
	// Dial connects to the upstream; nil means TCP.
	Dial func(ctx context.Context) (Conn, error)
}

// A Link carries TCP connections to an upstream, and has the toxics that are applied to it.
type Link struct {
	config                   Config
	active                   atomic.Pointer[[]*applied] // changed under mu, never in place
	open                     prometheus.Gauge
	refused                  prometheus.Counter
	requestBytes, replyBytes prometheus.Counter

	mu          sync.Mutex
	connections map[*connection]struct{}
	listener    net.Listener // nil while it listens to nobody
	running     sync.WaitGroup
	life        context.Context // ends with Close
	end         context.CancelFunc
}

// New returns a link that carries nothing yet.
func New(c Config) *Link {
	c.Connections = cmp.Or(c.Connections, DefaultConnections)
	metrics := cmp.Or(c.Metrics, NewMetrics(nil))
	life, end := context.WithCancel(context.Background())
	return &Link{
		config:       c,
		life:         life,
		end:          end,
		connections:  map[*connection]struct{}{},
		open:         metrics.connections.WithLabelValues(c.Name),
		refused:      metrics.refused.WithLabelValues(c.Name),
		requestBytes: metrics.bytes.WithLabelValues(c.Name, string(Requests)),
		replyBytes:   metrics.bytes.WithLabelValues(c.Name, string(Replies)),
	}
}

// Name returns the link's name.
func (l *Link) Name() string { return l.config.Name }

// Carry takes a connection from a client, and returns at once. One too many is reset.
func (l *Link) Carry(client Conn) {
	c := newConnection(l, client)
	strikes, ok := l.admit(c)
	if !ok {
		l.refused.Inc()
		closeHard(client)
		return
	}
	for _, a := range strikes {
		a.strike(c)
	}
	go func() {
		defer l.forget(c)
		c.run()
	}()
}

// admit takes up a connection, and returns what is to strike it.
func (l *Link) admit(c *connection) (strikes []*applied, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() != nil || len(l.connections) >= l.config.Connections {
		return nil, false
	}
	l.connections[c] = struct{}{}
	l.running.Add(1)
	l.open.Inc()
	for _, a := range l.toxics() {
		if a.Strike != nil {
			strikes = append(strikes, a)
		}
	}
	return strikes, true
}

func (l *Link) forget(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.connections, c)
	for _, a := range l.toxics() {
		a.forget(c)
	}
	l.open.Dec()
	l.running.Done()
}

// Apply lets a toxic act on the connections that there are and on those that come, until remove is
// called, once or more often. Toxics act in the order in which they were applied.
func (l *Link) Apply(toxic Toxic) (remove func()) {
	a := &applied{Toxic: toxic, removed: make(chan struct{}), decided: map[*connection]bool{}}
	for _, c := range l.add(a) {
		if a.Strike != nil {
			a.strike(c)
		}
	}
	return sync.OnceFunc(func() {
		l.remove(a)
		close(a.removed)
	})
}

// add makes a toxic act, and returns the connections that there are.
func (l *Link) add(a *applied) []*connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setToxics(append(slices.Clone(l.toxics()), a))
	there := make([]*connection, 0, len(l.connections))
	for c := range l.connections {
		there = append(there, c)
	}
	return there
}

func (l *Link) remove(a *applied) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setToxics(slices.DeleteFunc(slices.Clone(l.toxics()), func(other *applied) bool { return other == a }))
}

func (l *Link) setToxics(toxics []*applied) { l.active.Store(&toxics) }

func (l *Link) toxics() []*applied {
	if active := l.active.Load(); active != nil {
		return *active
	}
	return nil
}

// harms says whether pieces in a direction may meet a toxic.
func (l *Link) harms(d Direction) bool {
	for _, a := range l.toxics() {
		if a.meets(d) {
			return true
		}
	}
	return false
}

func (l *Link) dial(ctx context.Context) (Conn, error) {
	if l.config.Dial != nil {
		return l.config.Dial(ctx)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.config.Upstream)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// Close takes no more connections, resets those that there are, and waits for their end.
func (l *Link) Close() error {
	listener, there := l.shut()
	for _, c := range there {
		c.reset()
	}
	l.running.Wait()
	if listener == nil {
		return nil
	}
	return listener.Close()
}

func (l *Link) shut() (listener net.Listener, there []*connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
	for c := range l.connections {
		there = append(there, c)
	}
	listener, l.listener = l.listener, nil
	return listener, there
}
