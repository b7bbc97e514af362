package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/errgroup"

	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// A tenancy is a shop that is borrowed part by part from keepers, and each part of a guest's shop is in the place of one.
//
// Parts of two shops must never see each other: a gateway that finishes its orders at another shop's payments does harm
// that no audit can mend. So all own parts rest before a guest runs, and all guests rest before an own part runs. That
// holds also if the tenant stalls or dies. Leases are renewed in rounds, all at once, which take half a lease at most. None
// begins once the last that reached all is older than a lease, so the leases of two keepers end less than one and a half
// leases apart. A keeper whose lease has ended waits for two more before its own part runs.
//
// A keeper that was started again in the middle, with its container, knows of no loan. That is seen in the next round,
// and the tenancy ends. Until then its own part runs beside guests: their service token is another one than its own,
// and each refuses the other.
type tenancy struct {
	from     *shopfile.Shop
	terms    Terms
	lease    time.Duration
	switches switches // of the own parts

	mu      sync.Mutex
	loans   []tenantOf
	renewed time.Time // when the last round began that reached all
}

// A tenantOf has the place of a part.
type tenantOf struct {
	part string
	loanAt
}

// loadName is that of the background load.
const loadName = "load"

// places are those whose place is taken: who calls others before those who are called.
func places(s *shopfile.Shop) []string {
	order := slices.Concat([]string{loadName}, partNames[:redisPort], []string{linksName})
	return slices.DeleteFunc(order, func(part string) bool { return s.Supervisors[part] == "" })
}

// borrowParts borrows all parts of a shop. If there is an error, none is borrowed.
func borrowParts(ctx context.Context, from *shopfile.Shop, t Terms, lease time.Duration) (*Borrowed, error) {
	if err := checkTenant(from, &t); err != nil {
		return nil, err
	}
	own := readSwitches(ctx, from) // which takes as long as a lease if no part answers
	tenant := &tenancy{from: from, terms: t, lease: lease, switches: own, renewed: time.Now()}
	b := newBorrowed(ctx, tenant, lease) // the first loans are renewed while others are made
	token, err := tenant.moveIn(ctx)
	if err != nil {
		return nil, errors.Join(err, b.Return())
	}
	b.Shop = *from
	b.Shop.Epoch, b.Shop.EpochID, b.Shop.ServiceToken, b.Shop.Journals = "guest", rand.Text(), token, nil
	return b, nil
}

func checkTenant(from *shopfile.Shop, t *Terms) error {
	switch {
	case len(from.Supervisors) == 0:
		return shop.Invalid("", "nobody lends this shop")
	case t.Links && from.Supervisors[linksName] == "":
		return shop.Invalid("/links", "this shop has no network links")
	}
	return t.check()
}

// moveIn takes all places, and then has all guests run. It returns their service token.
func (t *tenancy) moveIn(ctx context.Context) (token string, err error) {
	for _, part := range places(t.from) {
		if err := t.take(ctx, part); err != nil {
			return "", err
		}
	}
	guest := Guest{ServiceToken: rand.Text()}
	if cost := t.terms.BcryptCost; cost != 0 {
		hash, err := bcrypt.GenerateFromPassword([]byte(t.from.Password), cost)
		if err != nil {
			return "", err
		}
		guest.PasswordHash = string(hash)
	}
	if err := t.settle(ctx, guest); err != nil {
		return "", err
	}
	return guest.ServiceToken, service.AwaitReady(ctx, t.from.Admin, startTime)
}

// take takes the place of a part, which rests from then on.
func (t *tenancy) take(ctx context.Context, part string) error {
	at := remote{t.from.Supervisors[part], t.from.AdminToken}
	var lent Lent
	if err := at.call(ctx, http.MethodPost, "/loans", Terms{By: t.terms.By, Lease: t.terms.Lease}, &lent); err != nil {
		return of(part, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loans = append(t.loans, tenantOf{part, loanAt{at, lent.ID}})
	return nil
}

// of says whose error it is, if there is one, and keeps its code.
func of(part string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*shop.Error](err); ok {
		return &shop.Error{Code: e.Code, Message: part + ": " + e.Message, Pointer: e.Pointer}
	}
	return fmt.Errorf("%s: %w", part, err)
}

// settle has guests run: links first, through which the others find each other.
func (t *tenancy) settle(ctx context.Context, g Guest) error {
	all := t.tenants()
	isLinks := func(l tenantOf) bool { return l.part == linksName }
	for _, l := range all {
		if isLinks(l) {
			if err := t.run(ctx, l, g); err != nil {
				return err
			}
		}
	}
	starts, ctx := errgroup.WithContext(ctx)
	for _, l := range all {
		if l.part != loadName && !isLinks(l) {
			starts.Go(func() error { return t.run(ctx, l, g) })
		}
	}
	return starts.Wait()
}

func (t *tenancy) run(ctx context.Context, l tenantOf, g Guest) error {
	g.Args = t.terms.Args[l.part]
	if l.part != linksName { // which takes other flags
		g.Args = slices.Concat(t.terms.Serve, g.Args)
	}
	if l.part != partNames[gatewayPort] { // which has the users
		g.PasswordHash = ""
	}
	if err := l.at.call(ctx, http.MethodPut, "/loans/"+l.id+"/guest", g, nil); err != nil {
		return of(l.part, err)
	}
	return nil
}

func (t *tenancy) tenants() []tenantOf {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.loans)
}

// renew implements claim: all loans at once.
func (t *tenancy) renew(ctx context.Context) error {
	began := time.Now()
	if began.Sub(t.renewed) > t.lease { // some may be over, and then none may go on
		return &shop.Error{Code: shop.CodeNotFound, Message: "the loans were not renewed in time"}
	}
	renewals, ctx := errgroup.WithContext(ctx)
	for _, l := range t.tenants() {
		renewals.Go(func() error { return l.renew(ctx) })
	}
	if err := renewals.Wait(); err != nil {
		return err
	}
	t.renewed = began
	return nil
}

// giveBack implements claim. Loans that are over are not missed.
func (t *tenancy) giveBack(ctx context.Context) error {
	all := t.tenants()
	var errs []error
	for _, l := range all {
		errs = append(errs, stillThere(of(l.part, l.at.call(ctx, http.MethodDelete, "/loans/"+l.id+"/guest", nil, nil))))
	}
	slices.Reverse(all) // who is called comes home before those who call
	for _, l := range all {
		if l.part == loadName {
			errs = append(errs, t.ready(ctx))
		}
		errs = append(errs, stillThere(of(l.part, l.giveBack(ctx))))
	}
	return errors.Join(errs...)
}

// ready waits until the own parts are, and sets their protections as they were.
func (t *tenancy) ready(ctx context.Context) error {
	err := service.AwaitReady(ctx, t.from.Admin, startTime)
	t.switches.restore(ctx, t.from)
	return err
}

// stillThere leaves out the error of a loan that is over.
func stillThere(err error) error {
	if shop.CodeOf(err) == shop.CodeNotFound {
		return nil
	}
	return err
}
