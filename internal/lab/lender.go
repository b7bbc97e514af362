package lab

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"brownout/internal/shop"
)

// A landlord is who has the shop that a lender lends. A lender calls one method at a time.
type landlord interface {
	// lend has a guest's shop run in the place of the landlord's own. If there is an error, its own
	// runs.
	lend(ctx context.Context, t Terms) (Lent, error)
	// takeBack has its own run again. It says why in a few words; late is a guest who has not given back
	// what he had, and may not know yet that it is gone.
	takeBack(why string, late bool)
}

// A lender lends a shop to one guest at a time, and takes it back when the guest gives it back or
// no longer renews the loan: a guest may die. Any goroutine may call its methods.
//
//	        borrow                       giveBack, or the lease is over
//	home ───────────> being lent ──> lent ──────────────────────────────> being taken back ──> home
type lender struct {
	landlord landlord
	// switching has something in it while the shop changes hands.
	switching chan struct{}

	mu     sync.Mutex // over what follows; never held while the shop changes hands
	loan   *loan      // nil at home
	closed bool
}

func newLender(of landlord) *lender { return &lender{landlord: of, switching: make(chan struct{}, 1)} }

// handOver waits until the shop does not change hands, and then it does until the returned
// function is called.
func (l *lender) handOver() (done func()) {
	l.switching <- struct{}{}
	return func() { <-l.switching }
}

// A loan is one from when it is asked for until the shop is back.
type loan struct {
	id    string
	by    string
	lease time.Duration
	// until is when it ends if it is not renewed, and timer looks then; nil until the guest has the shop.
	until  time.Time
	timer  *time.Timer
	ending bool // the shop is being taken back
}

// borrow returns when the guest has the shop. A loan is refused while there is another.
func (l *lender) borrow(ctx context.Context, t Terms) (Lent, error) {
	lease, err := t.lease()
	if err == nil {
		err = t.check()
	}
	if err != nil {
		return Lent{}, err
	}
	loan := &loan{id: rand.Text(), by: t.By, lease: lease}
	if err := l.enter(loan); err != nil {
		return Lent{}, err
	}
	defer l.handOver()()
	lent, err := Lent{}, error(errClosing)
	if !l.isClosed() {
		lent, err = l.landlord.lend(ctx, t)
	}
	if err != nil {
		l.leave()
		return Lent{}, err
	}
	lent.ID = loan.id
	l.begin(loan)
	return lent, nil
}

var errClosing = &shop.Error{Code: shop.CodeClosing, Message: "the shop is about to close"}

// enter makes a loan the one that there is.
func (l *lender) enter(loan *loan) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loan != nil {
		return &shop.Error{Code: shop.CodeState, Message: "the shop is lent already, to " + l.loan.by}
	}
	l.loan = loan
	return nil
}

// begin begins the lease of a loan.
func (l *lender) begin(loan *loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	loan.until = time.Now().Add(loan.lease)
	loan.timer = time.AfterFunc(loan.lease, func() { l.expire(loan) })
}

// leave has the shop be at home.
func (l *lender) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loan = nil
}

// find returns the loan of an id that has begun and is not over. mu is held.
func (l *lender) find(id string) (*loan, error) {
	if l.loan == nil || l.loan.id != id || l.loan.timer == nil || l.loan.ending {
		return nil, &shop.Error{Code: shop.CodeNotFound, Message: "there is no such loan, or it is over", Pointer: "path:id"}
	}
	return l.loan, nil
}

// renew begins the lease of a loan anew.
func (l *lender) renew(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	loan, err := l.find(id)
	if err != nil {
		return err
	}
	loan.until = time.Now().Add(loan.lease)
	loan.timer.Reset(loan.lease)
	return nil
}

// giveBack returns when the shop is back.
func (l *lender) giveBack(id string) error {
	l.mu.Lock()
	loan, err := l.find(id)
	if err == nil {
		loan.ending = true
		loan.timer.Stop()
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	l.end("is back from "+loan.by, false)
	return nil
}

// expire ends a loan whose lease is over, unless it was renewed when the timer fired.
func (l *lender) expire(loan *loan) {
	l.mu.Lock()
	over := !loan.ending && !time.Now().Before(loan.until)
	loan.ending = loan.ending || over
	l.mu.Unlock()
	if over {
		l.end(fmt.Sprintf("is taken back from %s, who has not renewed the loan for %v", loan.by, loan.lease), true)
	}
}

// end takes the shop back.
func (l *lender) end(why string, late bool) {
	defer l.handOver()()
	if l.isClosed() {
		return
	}
	l.landlord.takeBack(why, late)
	l.leave()
}

// during calls fn while the loan of an id lasts, and what is lent does not change hands meanwhile.
func (l *lender) during(id string, fn func() error) error {
	defer l.handOver()()
	l.mu.Lock()
	_, err := l.find(id)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return fn()
}

// whenSettled calls fn when the shop does not change hands, wherever it is, unless it is about to
// close; meanwhile it does not.
func (l *lender) whenSettled(fn func()) {
	defer l.handOver()()
	if !l.isClosed() {
		fn()
	}
}

func (l *lender) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// close waits until the shop does not change hands, and has it stay where it is then.
func (l *lender) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.handOver()() // those who do that now were told to end
}
