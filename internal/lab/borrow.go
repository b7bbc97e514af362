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

// A Borrowed is a shop that somebody else's lab, or the supervisors of its parts, have lent. It is renewed until it
// is given back, or its borrower dies.
type Borrowed struct {
	Lent
	// Lost is closed when the shop has been taken back, or who has lent it is gone.
	Lost <-chan struct{}

	claim claim
	lease time.Duration
	stop  context.CancelFunc
	done  chan struct{} // closed when it is not renewed any more
}

// A claim is what a borrower has on whoever lends: one loan, or many.
type claim interface {
	// renew begins the lease anew. An error with shop.CodeNotFound says that it is over.
	renew(ctx context.Context) error
	// giveBack waits until the lender's own processes run again.
	giveBack(ctx context.Context) error
}

// Borrow has the lab of a running shop, or the supervisors of its parts, lend it. The error of a shop that is lent
// already has shop.CodeState, and says to whom.
func Borrow(ctx context.Context, from *shopfile.Shop, t Terms) (*Borrowed, error) {
	lease, err := t.lease()
	if err != nil {
		return nil, err
	}
	ask, cancel := context.WithTimeout(ctx, switchTime)
	defer cancel()
	if from.Control == "" {
		return borrowParts(ask, from, t, lease)
	}
	var lent Lent
	lab := remote{from.Control, from.AdminToken}
	if err := lab.call(ask, http.MethodPost, "/loans", t, &lent); err != nil {
		return nil, err
	}
	b := newBorrowed(ctx, &loanAt{lab, lent.ID}, lease)
	b.Lent = lent
	return b, nil
}

// newBorrowed renews a claim from now on.
func newBorrowed(ctx context.Context, c claim, lease time.Duration) *Borrowed {
	b := &Borrowed{claim: c, lease: lease, done: make(chan struct{})}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	lost := make(chan struct{})
	b.Lost, b.stop = lost, stop
	go b.keep(keep, lost)
	return b
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
	return b.claim.renew(ctx)
}

// Return gives the shop back, and waits until its own processes run again. It is called once.
func (b *Borrowed) Return() error {
	b.stop()
	<-b.done
	ctx, cancel := context.WithTimeout(context.Background(), switchTime)
	defer cancel()
	return b.claim.giveBack(ctx)
}

// A loanAt is one loan of a lab or of a supervisor.
type loanAt struct {
	at remote
	id string
}

func (l *loanAt) renew(ctx context.Context) error {
	return l.at.call(ctx, http.MethodPut, "/loans/"+l.id+"/lease", nil, nil)
}

func (l *loanAt) giveBack(ctx context.Context) error {
	return l.at.call(ctx, http.MethodDelete, "/loans/"+l.id, nil, nil)
}
