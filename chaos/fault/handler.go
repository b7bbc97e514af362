package fault

import (
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// maxBody bounds a request to the handler, in bytes.
const maxBody = 64 << 10

// A Report is the answer to GET /faults.
type Report struct {
	Kinds  []Kind   `json:"kinds"`  // by name
	Active []Status `json:"active"` // in the order in which they began
	Ended  []Status `json:"ended"`  // the last ones, in the order in which they ended
}

// Handler returns what an admin port has below a path of its choice. Who may ask is for
// the port to say.
//
//	GET    /faults              all kinds, what is active, and what has ended lately: a Report
//	POST   /faults              a Spec: 201 and its Status, or 400 with the place
//	PUT    /faults/{id}/lease   begins the lease anew: its Status; 409 if it has ended
//	DELETE /faults/{id}         ends the fault: its Status, also if it has ended by itself
//	DELETE /faults              ends all: a list of their Status
func (in *Injector) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, Report{in.Kinds(), in.List(), in.Ended()}, nil)
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		s, err := in.injectBody(w, r)
		respond(w, http.StatusCreated, s, err)
	})
	mux.HandleFunc("PUT /faults/{id}/lease", func(w http.ResponseWriter, r *http.Request) {
		s, err := in.renew(r.PathValue("id"))
		respond(w, http.StatusOK, s, err)
	})
	mux.HandleFunc("DELETE /faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		s, err := in.clear(r.PathValue("id"))
		respond(w, http.StatusOK, s, err)
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, in.clearAll(), nil)
	})
	return mux
}

func (in *Injector) injectBody(w http.ResponseWriter, r *http.Request) (Status, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return Status{}, unreadable(err)
	}
	s, err := DecodeSpec(body)
	if err != nil {
		return Status{}, err
	}
	if s.By == "" {
		s.By = r.RemoteAddr
	}
	return in.Inject(s)
}

func unreadable(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &shop.Error{Code: shop.CodeTooLarge, Message: "the body has more than 64 KiB"}
	}
	return &shop.Error{Code: shop.CodeSlow, Message: "the body did not come, or not in time", Err: err}
}

// respond writes v, or the problem that err is.
func respond(w http.ResponseWriter, status int, v any, err error) {
	if err == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.MarshalWrite(w, v, json.Deterministic(true)) // the asker has left
		return
	}
	problem := service.Problem(service.AsError(err), "")
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(problem.Status)
	_, _ = w.Write(problem.Body)
}
