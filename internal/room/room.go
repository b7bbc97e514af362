package room

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"brownout/dashboards"
	"brownout/internal/metricstore"
	"brownout/internal/shopfile"
	"brownout/internal/tracestore"
)

// Metrics answers what the shop's metrics say. A *metricstore.Store does.
type Metrics interface {
	Query(ctx context.Context, expr string, at time.Time) ([]metricstore.Series, error)
	QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]metricstore.Series, error)
	Alerts(ctx context.Context) ([]metricstore.Alert, error) // those that fire first
}

// Traces answers which requests there were. A *tracestore.Store does.
type Traces interface {
	Get(id string) (tracestore.Trace, bool)
	Search(f tracestore.Filter) []tracestore.Trace
	Slowest(n int, f tracestore.Filter) []tracestore.Trace
}

// A Config says what a room shows. Shop must be there.
type Config struct {
	// Shop returns the shop as it is now, which nobody writes to afterwards. It is called for
	// each look, and returns at once.
	Shop func() (*shopfile.Shop, error)
	// ShopFile is the path of the file that the shop is found by, for drills.
	ShopFile string
	// Metrics and Traces are what the shop has told. Without them, pages say that there are none.
	Metrics Metrics
	Traces  Traces
	// Runs is the folder of what drills left behind. "" shows none, and keeps drills from being
	// started.
	Runs string
	// Program is the path of brownout, which drills are started with. "" keeps them from it.
	Program string
	// Hosts are values of the header Host that are answered beside the loopback names with the
	// port that listens: for a port that is published under another number.
	Hosts []string
	// Log is told of what is pressed, and of what goes wrong. Nil means nobody is.
	Log *slog.Logger
}

// A Room is the control room of a shop. Any goroutine may call its methods.
type Room struct {
	config  Config
	key     []byte // of tokens
	pages   map[string]*template.Template
	ports   asker
	looks   cache[string]       // of pages, rendered
	pasts   cache[*past]        // of dashboards
	faults  cache[[]partFaults] // of all parts
	rows    runRows
	streams chan struct{} // one for each that is open
	change  broadcast     // something was pressed
	theatre *theatre
	handler http.Handler

	drills func() (drillList, error)              // are read once
	boards func() ([]dashboards.Dashboard, error) // likewise

	ctx    context.Context // done from Close on
	cancel context.CancelFunc
}

// New makes a room. End it with Close.
func New(c Config) (*Room, error) {
	if c.Shop == nil {
		return nil, errors.New("room: Shop is missing")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("room: %w", err)
	}
	r := &Room{config: c, key: []byte(rand.Text()), pages: pages, ports: newAsker(), streams: make(chan struct{}, maxStreams)}
	r.pasts.most = maxPasts
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.theatre = newTheatre(r.ctx, c, r.changed)
	r.drills, r.boards = sync.OnceValues(listDrills), sync.OnceValues(dashboards.Load)
	r.handler = r.guard(r.routes())
	return r, nil
}

// Handler returns what answers all requests of the room's port. Its server must have no WriteTimeout,
// for pages are told of news as long as they are open.
func (r *Room) Handler() http.Handler { return r.handler }

// Close ends what is told to pages, and the drill that runs, and waits for its end. Then it gives up its
// connections to the shop. It may be called again.
func (r *Room) Close() {
	r.cancel()
	r.theatre.close()
	r.ports.close()
}

// routes are the pages, what they are made of, and the buttons on them.
func (r *Room) routes() http.Handler {
	mux := http.NewServeMux()
	for _, s := range r.screens() {
		mux.HandleFunc("GET "+s.path, func(w http.ResponseWriter, q *http.Request) { r.show(w, q, s) })
		mux.HandleFunc("GET /live"+s.path, func(w http.ResponseWriter, q *http.Request) { r.stream(w, q, s) })
	}
	for path, press := range r.buttons() {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, q *http.Request) { r.press(w, q, press) })
	}
	mux.HandleFunc("POST /theme", r.pressTheme)
	mux.HandleFunc("GET /static/{name}", r.serveAsset)
	mux.HandleFunc("GET /runs/{run}/{file}", r.serveRun)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, q *http.Request) {
		r.refuse(w, q, refusal{http.StatusNotFound, "There is no such page."})
	})
	return mux
}

// screens are all pages.
func (r *Room) screens() []screen {
	const second = time.Second
	return []screen{
		{path: "/{$}", name: "map", period: second, read: r.readMap},
		{path: "/loop/{service}", name: "loop", period: second, read: r.readLoop},
		{path: "/protections", name: "protections", period: second, read: r.readProtections},
		{path: "/faults", name: "faults", period: second, read: r.readFaults},
		{path: "/drills", name: "drills", period: second, read: r.readDrills},
		{path: "/drills/{name}", name: "drill", period: second, read: r.readDrill},
		{path: "/dashboards/{name}", name: "dashboard", period: 5 * second, read: r.readDashboard},
		{path: "/traces", name: "traces", period: 2 * second, read: r.readTraces},
		{path: "/traces/{id}", name: "trace", period: 2 * second, read: r.readTrace},
		{path: "/runs", name: "runs", period: 5 * second, read: r.readRuns},
		{path: "/runbooks/{name}", name: "runbook", read: r.readRunbook},
	}
}

// buttons are what can be pressed, by path.
func (r *Room) buttons() map[string]button {
	return map[string]button{
		"/protections":  r.pressProtection,
		"/faults":       r.pressFault,
		"/faults/clear": r.pressClear,
		"/drills/start": r.pressStart,
		"/drills/stop":  r.pressStop,
	}
}

// changed has all pages look again, at once.
func (r *Room) changed() {
	r.faults.forget()
	r.pasts.forget()
	r.looks.forget()
	r.change.tell()
}
