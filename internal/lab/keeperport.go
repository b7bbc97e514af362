package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// listen opens the port of a keeper, if it is to have one: nil otherwise. At it are those of every admin port, and
//
//	       /admin/faults        what can be done to the process from outside; see chaos/fault
//	POST   /loans               lends the place: Terms, and 201 with a Lent; 409 if it is lent. The own part rests
//	PUT    /loans/{id}/lease    renews the loan; 404 if it is over
//	PUT    /loans/{id}/guest    has a Guest run, and answers when it is ready
//	DELETE /loans/{id}/guest    has it run no more
//	DELETE /loans/{id}          ends the loan, and waits until the own part runs
//	GET    /children            what runs; see ChildState
func (k *keeper) listen() (*service.Admin, error) {
	c := k.config.Admin
	if c.Addr == "" {
		return nil, nil
	}
	loans := http.NewServeMux()
	k.lender.handle(loans)
	k.handle(loans)
	c.Metrics = k.registry
	c.Mount = map[string]http.Handler{"/admin/": http.StripPrefix("/admin", &k.desk), "/loans": loans, "/loans/": loans, "GET /children": k.childrenHandler()}
	port, err := service.ListenAdmin(c)
	if err != nil {
		return nil, fmt.Errorf("%s: the supervisor's port: %w", k.config.Name, err)
	}
	return port, nil
}

func (k *keeper) childrenHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, k.supervisor.Children()) })
}

// handle adds what can be asked about a guest.
func (k *keeper) handle(mux *http.ServeMux) {
	mux.HandleFunc("PUT /loans/{id}/guest", func(w http.ResponseWriter, r *http.Request) {
		g, err := readGuest(w, r)
		if err == nil {
			err = k.lender.during(r.PathValue("id"), func() error { return k.admit(r.Context(), g) })
		}
		done(w, unavailable(err))
	})
	mux.HandleFunc("DELETE /loans/{id}/guest", func(w http.ResponseWriter, r *http.Request) {
		done(w, k.lender.during(r.PathValue("id"), func() error { k.rest(); return nil }))
	})
}

func readGuest(w http.ResponseWriter, r *http.Request) (Guest, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTerms))
	if err != nil {
		return Guest{}, shop.Invalid("", fmt.Sprintf("the body did not come, or has more than %d bytes", maxTerms))
	}
	g, err := service.Decode[Guest](body)
	if err == nil {
		err = g.check()
	}
	return g, err
}

// unavailable says of an error that nobody foresaw, of a process that does not start say, what it is.
func unavailable(err error) error {
	if _, known := errors.AsType[*shop.Error](err); known || err == nil {
		return err
	}
	return &shop.Error{Code: shop.CodeUnavailable, Message: err.Error()}
}

// serve answers at the port until ctx is done. Who has the place then, has it until the process ends.
func (k *keeper) serve(ctx context.Context, port *service.Admin) error {
	if port == nil {
		<-ctx.Done()
		return nil
	}
	failed := make(chan error, 1)
	go func() { failed <- port.Serve() }()
	port.SetReady(true)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	err = errors.Join(err, port.Close())
	k.lender.close()
	k.faults.ClearAll()
	return err
}
