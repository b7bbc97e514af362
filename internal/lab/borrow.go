package lab

import (
	"context"
	"net/http"
	"time"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// switchTime bounds how long a shop takes to change hands: one set of processes ends in order, and
// another begins.
const switchTime = 2*(stopTime+10*hurriedTime) + 2*startTime

// A Borrowed is a shop that somebody else's lab has lent. It is renewed until it is given back, or
// its borrower dies.
type Borrowed struct {
	Lent
	// Lost is closed when the lab has taken the shop back, or is gone.
	Lost <-chan struct{}

	lab   remote
	lease time.Duration
	stop  context.CancelFunc
	done  chan struct{} // closed when it is not renewed any more
}

// Borrow has the lab of a running shop lend it. The error of a shop that is lent already has
// shop.CodeState, and says to whom.
func Borrow(ctx context.Context, from *shopfile.Shop, t Terms) (*Borrowed, error) {
	lease, err := t.lease()
	if err != nil {
		return nil, err
	}
	b := &Borrowed{lab: remote{from.Control, from.AdminToken}, lease: lease, done: make(chan struct{})}
	ask, cancel := context.WithTimeout(ctx, switchTime)
	defer cancel()
	if err := b.lab.call(ask, http.MethodPost, "/loans", t, &b.Lent); err != nil {
		return nil, err
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	lost := make(chan struct{})
	b.Lost, b.stop = lost, stop
	go b.keep(keep, lost)
	return b, nil
}

// keep renews the loan until ctx is done, or it is lost.
func (b *Borrowed) keep(ctx context.Context, lost chan<- struct{}) {
	defer close(b.done)
	renewed := time.Now()
	for sleep(ctx, b.lease/5) {
		now := time.Now()
		err := b.renew(ctx)
		switch {
		case err == nil:
			renewed = now
		case shop.CodeOf(err) == shop.CodeNotFound, now.Sub(renewed) > b.lease && ctx.Err() == nil:
			close(lost)
			return
		}
	}
}

func (b *Borrowed) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.lease/2)
	defer cancel()
	return b.lab.call(ctx, http.MethodPut, "/loans/"+b.ID+"/lease", nil, nil)
}

// Return gives the shop back, and waits until its own processes run again. It is called once.
func (b *Borrowed) Return() error {
	b.stop()
	<-b.done
	ctx, cancel := context.WithTimeout(context.Background(), switchTime)
	defer cancel()
	return b.lab.call(ctx, http.MethodDelete, "/loans/"+b.ID, nil, nil)
}
