package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/fault"
	"brownout/internal/service"
)

// maxLoadPause bounds how long the background load can be made to pause: whoever asked
// for it may be gone.
const maxLoadPause = 5 * time.Minute

// maxPauses bounds how many ask for a pause at a time.
const maxPauses = 64

// newControl makes the port from which the lab itself is steered.
//
//	PUT    /load/pause?for=60s&by=NAME   stops the background load and waits for what it has in flight
//	DELETE /load/pause?by=NAME           ends the pause of that name; otherwise the time does
//	       /admin/faults                 what can be done to the processes and to Redis; see chaos/fault
//	GET    /children                     the processes that the lab has started; see ChildState
//	GET    /debug/pprof/                 profiles of this process, the embedded Redis included
//
// The load goes on when the last pause has ended. Without a name, a pause is that of "".
func newControl(token string, load *background, faults *fault.Injector) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("/admin/", http.StripPrefix("/admin", faults.Handler()))
	mux.HandleFunc("PUT /load/pause", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		if err != nil || d <= 0 || d > maxLoadPause {
			http.Error(w, "for: must be a duration up to "+maxLoadPause.String(), http.StatusBadRequest)
			return
		}
		if err := load.pause(r.URL.Query().Get("by"), d); err != nil {
			http.Error(w, err.Error(), http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /load/pause", func(w http.ResponseWriter, r *http.Request) {
		if err := load.resume(r.URL.Query().Get("by")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /children", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, load.supervisor.Children()) // who is gone needs no answer
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return &http.Server{
		Handler:           service.WithToken(token, mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		IdleTimeout:       time.Minute,
	}
}

// serveControl answers until the server is closed.
func serveControl(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A background is the load that runs beside everything, and can be made to pause. Any
// goroutine may call its methods.
type background struct {
	supervisor *Supervisor
	spec       Spec // none if its name is empty
	life       context.Context

	mu      sync.Mutex
	running bool
	ended   bool                 // no load begins any more
	pauses  map[string]time.Time // when each ends, by whoever asked for it
	timer   *time.Timer          // that ends the last of them
}

// start starts the load, unless it runs or a pause has not ended.
func (b *background) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settle()
}

// settle starts the load if it should run, and otherwise sees to it that it will. A timer
// that comes too late, for a pause that was made longer, finds that it should not.
func (b *background) settle() error {
	if b.timer != nil {
		b.timer.Stop()
	}
	if rest := b.rest(time.Now()); rest > 0 {
		b.timer = time.AfterFunc(rest, func() { _ = b.start() }) // a load that cannot start is seen by its absence
		return nil
	}
	if b.running || b.spec.Name == "" || b.ended {
		return nil
	}
	_, err := b.supervisor.Start(b.life, b.spec)
	b.running = err == nil
	return err
}

// rest forgets the pauses that are over, and returns how long the others last.
func (b *background) rest(now time.Time) time.Duration {
	var longest time.Duration
	for by, end := range b.pauses {
		if !now.Before(end) {
			delete(b.pauses, by)
			continue
		}
		longest = max(longest, end.Sub(now))
	}
	return longest
}

// pause stops the load, and has it go on after d, if no other pause is longer. Whoever has
// a pause already begins it anew.
func (b *background) pause(by string, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest(time.Now())
	if _, again := b.pauses[by]; !again && len(b.pauses) >= maxPauses {
		return fmt.Errorf("there are %d pauses already", maxPauses)
	}
	if b.running {
		b.supervisor.Stop(b.spec.Name)
		b.running = false
	}
	if b.pauses == nil {
		b.pauses = map[string]time.Time{}
	}
	b.pauses[by] = time.Now().Add(d)
	return b.settle()
}

// resume ends a pause, and starts the load if it was the last one.
func (b *background) resume(by string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pauses, by)
	return b.settle()
}

// end has no load begin any more; one that runs goes on.
func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
