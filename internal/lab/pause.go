package lab

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"brownout/internal/shopfile"
)

// controlTime bounds a command to a running lab: to stop the load takes as long as its
// last answer, or until it is killed.
const controlTime = stopTime + 4*time.Second

// PauseLoad stops the background load of a running shop until resume is called, or d has
// passed, which may be up to MaxLoadPause. Of a shop that nobody keeps running there is none to stop.
func PauseLoad(ctx context.Context, s *shopfile.Shop, d time.Duration) (resume func(), err error) {
	if s.Control == "" {
		return restLoad(ctx, s)
	}
	by := "by=" + rand.Text() // nobody else's pause is ended with this one
	if err := command(ctx, s, http.MethodPut, "/load/pause?"+by+"&for="+d.String()); err != nil {
		return nil, fmt.Errorf("the background load cannot be stopped: %w", err)
	}
	return func() { _ = command(context.WithoutCancel(ctx), s, http.MethodDelete, "/load/pause?"+by) }, nil // or it resumes by itself
}

// restLoad has the load rest that has a supervisor of its own: its place is borrowed, and nothing runs there. It goes on
// by itself when the caller is gone.
func restLoad(ctx context.Context, s *shopfile.Shop) (resume func(), err error) {
	if s.Supervisors[loadName] == "" {
		return func() {}, nil
	}
	at := remote{s.Supervisors[loadName], s.AdminToken}
	ask, cancel := context.WithTimeout(ctx, controlTime)
	defer cancel()
	var lent Lent
	if err := at.call(ask, http.MethodPost, "/loans", Terms{By: "somebody who wants the load to pause"}, &lent); err != nil {
		return nil, fmt.Errorf("the background load cannot be stopped: %w", err)
	}
	b := newBorrowed(ctx, &loanAt{at, lent.ID}, DefaultLease)
	return func() { _ = b.Return() }, nil // or it resumes by itself
}

func command(ctx context.Context, s *shopfile.Shop, method, path string) error {
	ctx, cancel := context.WithTimeout(ctx, controlTime)
	defer cancel()
	return remote{s.Control, s.AdminToken}.call(ctx, method, path, nil, nil)
}
