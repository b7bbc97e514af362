package lab

import (
	"context"
	"errors"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"brownout/internal/service"
)

// maxLoadPause bounds how long the background load can be made to pause: whoever asked
// for it may be gone.
const maxLoadPause = 5 * time.Minute

// newControl makes the port from which the lab itself is steered.
//
//	PUT    /load/pause?for=60s   stops the background load and waits for what it has in flight
//	DELETE /load/pause           starts it again; otherwise the time does
//	GET    /debug/pprof/         profiles of this process, the embedded Redis included
func newControl(addr, token string, load *background) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /load/pause", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		if err != nil || d <= 0 || d > maxLoadPause {
			http.Error(w, "for: must be a duration up to "+maxLoadPause.String(), http.StatusBadRequest)
			return
		}
		load.pause(d)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /load/pause", func(w http.ResponseWriter, r *http.Request) {
		if err := load.resume(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return &http.Server{
		Addr:              addr,
		Handler:           service.WithToken(token, mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		IdleTimeout:       time.Minute,
	}
}

// serveControl answers until the server is closed.
func serveControl(s *http.Server) error {
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
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
	ended   bool        // no load begins any more
	timer   *time.Timer // that ends the pause
}

// resume starts the load, unless it runs.
func (b *background) resume() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.running || b.spec.Name == "" || b.ended {
		return nil
	}
	_, err := b.supervisor.Start(b.life, b.spec)
	b.running = err == nil
	return err
}

// pause stops the load, and has it go on after d.
func (b *background) pause(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.running {
		b.supervisor.Stop(b.spec.Name)
		b.running = false
	}
	b.timer = time.AfterFunc(d, func() { _ = b.resume() }) // a load that cannot start is seen by its absence
}

// end has no load begin any more; one that runs goes on.
func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
