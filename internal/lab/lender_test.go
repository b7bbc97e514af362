package lab

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/shop"
)

// A slowLandlord takes a second for whatever it does, and notes it.
type slowLandlord struct {
	fail error

	mu  sync.Mutex
	did []string
}

func (l *slowLandlord) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did = append(l.did, what)
}

func (l *slowLandlord) lend(_ context.Context, t Terms) (Lent, error) {
	time.Sleep(time.Second)
	l.note("lend to " + t.By)
	return Lent{}, l.fail
}

func (l *slowLandlord) takeBack(why string, late bool) {
	time.Sleep(time.Second)
	if late {
		why = "late: " + why
	}
	l.note(why)
}

// lends borrows for a lease of 10 s.
func lends(t *testing.T, l *lender, by string) string {
	t.Helper()
	lent, err := l.borrow(t.Context(), Terms{By: by})
	if err != nil {
		t.Error(err)
	}
	return lent.ID
}

func expectDone(t *testing.T, l *slowLandlord, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.did, want) {
		t.Errorf("did %q, want %q", l.did, want)
	}
}

func TestALoanLastsAsLongAsItIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := &slowLandlord{}
		l := newLender(owner)
		id := lends(t, l, "Ada")
		for range 5 {
			time.Sleep(9 * time.Second)
			if err := l.renew(id); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(9 * time.Second)
		expectDone(t, owner, "lend to Ada")
		time.Sleep(time.Second + time.Millisecond) // it is being taken back
		for _, late := range []error{l.renew(id), l.giveBack(id)} {
			if shop.CodeOf(late) != shop.CodeNotFound {
				t.Error(late)
			}
		}
		time.Sleep(time.Second)
		expectDone(t, owner, "lend to Ada", "late: is taken back from Ada, who has not renewed the loan for 10s")
		lends(t, l, "Bob")
		l.close()
	})
}

func TestOneLoanAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := &slowLandlord{}
		l := newLender(owner)
		refused := func(when string) {
			if _, err := l.borrow(t.Context(), Terms{By: "Bob"}); shop.CodeOf(err) != shop.CodeState || !strings.Contains(err.Error(), "to Ada") {
				t.Errorf("%s: %v", when, err)
			}
		}
		id := make(chan string, 1)
		go func() { id <- lends(t, l, "Ada") }()
		synctest.Wait()
		refused("while it is being lent")
		ada := <-id
		refused("while it is lent")
		back := make(chan error, 1)
		go func() { back <- l.giveBack(ada) }()
		synctest.Wait()
		refused("while it is being given back")
		if err := <-back; err != nil {
			t.Error(err)
		}
		if err := l.giveBack(lends(t, l, "Bob")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		expectDone(t, owner, "lend to Ada", "is back from Ada", "lend to Bob", "is back from Bob")
	})
}

func TestALoanThatFailsLeavesTheShopAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := &slowLandlord{fail: errors.New("sorry")}
		l := newLender(owner)
		if _, err := l.borrow(t.Context(), Terms{By: "Ada"}); !errors.Is(err, owner.fail) {
			t.Error(err)
		}
		owner.fail = nil
		lends(t, l, "Bob")
		l.close()
	})
}

// What is done during a loan is done while it lasts, and its end waits for that.
func TestDuringALoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := &slowLandlord{}
		l := newLender(owner)
		id := lends(t, l, "Ada")
		work := func() error {
			time.Sleep(30 * time.Second)
			owner.note("worked")
			return nil
		}
		if err := l.during(id, work); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		expectDone(t, owner, "lend to Ada", "worked", "late: is taken back from Ada, who has not renewed the loan for 10s")
		if err := l.during(id, work); shop.CodeOf(err) != shop.CodeNotFound {
			t.Error(err)
		}
	})
}

// The end waits for what is under way, and then has all stay as it is.
func TestALenderCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := &slowLandlord{}
		l := newLender(owner)
		go lends(t, l, "Ada")
		synctest.Wait()
		l.close()
		expectDone(t, owner, "lend to Ada")
		time.Sleep(time.Minute)
		expectDone(t, owner, "lend to Ada")
		other := newLender(owner)
		other.close()
		if _, err := other.borrow(t.Context(), Terms{By: "Bob"}); shop.CodeOf(err) != shop.CodeClosing {
			t.Error(err)
		}
	})
}
