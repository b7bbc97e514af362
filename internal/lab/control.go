package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// A control is the port from which a lab itself is steered.
//
//	PUT    /load/pause?for=60s&by=NAME   stops the background load and waits for what it has in flight; 429 if too many pause it
//	DELETE /load/pause?by=NAME           ends the pause of that name; otherwise the time does
//	       /admin/faults                 what can be done to the processes and to Redis; see chaos/fault
//	POST   /loans                        lends the shop: Terms, and 201 with a Lent; 409 if it is lent
//	PUT    /loans/{id}/lease             renews the loan; 404 if it is over
//	DELETE /loans/{id}                   ends the loan, and waits until the shop is back
//	GET    /children                     the processes that the lab has started; see ChildState
//	GET    /debug/pprof/                 profiles of this process, the embedded Redis included
//
// The load goes on when the last pause has ended. Without a name, a pause is that of "".
type control struct {
	token      string // opens it
	supervisor *Supervisor
	load       *background
	desk       *desk
	lender     *lender
}

// server makes a server of it; requests are told to end when ctx is done.
func (c control) server(ctx context.Context) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("/admin/", http.StripPrefix("/admin", c.desk))
	c.load.handle(mux)
	c.lender.handle(mux)
	mux.HandleFunc("GET /children", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, c.supervisor.Children())
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return &http.Server{
		Handler:           service.WithToken(c.token, mux),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		IdleTimeout:       time.Minute,
	}
}

// handle adds what can be asked of a background load.
func (b *background) handle(mux *http.ServeMux) {
	mux.HandleFunc("PUT /load/pause", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		if err != nil || d <= 0 || d > MaxLoadPause {
			refuse(w, shop.Invalid("query:for", "must be a duration above 0s, and up to "+MaxLoadPause.String()))
			return
		}
		done(w, unavailable(b.pause(r.URL.Query().Get("by"), d)))
	})
	mux.HandleFunc("DELETE /load/pause", func(w http.ResponseWriter, r *http.Request) {
		done(w, unavailable(b.resume(r.URL.Query().Get("by"))))
	})
}

// handle adds what can be asked of a lender.
func (l *lender) handle(mux *http.ServeMux) {
	mux.HandleFunc("POST /loans", func(w http.ResponseWriter, r *http.Request) {
		lent, err := l.borrowBody(w, r)
		if err != nil {
			refuse(w, err)
			return
		}
		respond(w, http.StatusCreated, lent)
	})
	mux.HandleFunc("PUT /loans/{id}/lease", func(w http.ResponseWriter, r *http.Request) {
		done(w, l.renew(r.PathValue("id")))
	})
	mux.HandleFunc("DELETE /loans/{id}", func(w http.ResponseWriter, r *http.Request) {
		done(w, l.giveBack(r.PathValue("id")))
	})
}

// maxTerms bounds a request for a loan, in bytes.
const maxTerms = 256 << 10

func (l *lender) borrowBody(w http.ResponseWriter, r *http.Request) (Lent, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTerms))
	if err != nil {
		return Lent{}, shop.Invalid("", fmt.Sprintf("the body did not come, or has more than %d bytes", maxTerms))
	}
	terms, err := service.Decode[Terms](body)
	if err != nil {
		return Lent{}, err
	}
	return l.borrow(r.Context(), terms)
}

// respond answers with a value as JSON.
func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v) // who is gone needs no answer
}

// done answers that something is done, or why not.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers with what is wrong.
func refuse(w http.ResponseWriter, err error) {
	problem := service.Problem(service.AsError(err), "")
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(problem.Status)
	_, _ = w.Write(problem.Body) // likewise
}

// serveControl answers until the server is closed.
func serveControl(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
