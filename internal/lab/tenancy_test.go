package lab

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// keeperThat answers every renewal with a status, and counts them.
func keeperThat(t *testing.T, status int) (*tenancy, *atomic.Int64) {
	asked := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if status == http.StatusNotFound {
			refuse(w, &shop.Error{Code: shop.CodeNotFound, Message: "there is no such loan"})
			return
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	tenant := &tenancy{lease: DefaultLease, renewed: time.Now()}
	for _, part := range []string{"gateway", "payments"} {
		tenant.loans = append(tenant.loans, tenantOf{part, loanAt{remote{url: s.URL}, part}})
	}
	return tenant, asked
}

func TestATenantRenewsAllLoans(t *testing.T) {
	tenant, asked := keeperThat(t, http.StatusNoContent)
	before := tenant.renewed
	if err := tenant.renew(t.Context()); err != nil || asked.Load() != 2 {
		t.Errorf("%v, %d renewals", err, asked.Load())
	}
	if !tenant.renewed.After(before) {
		t.Error("the round does not count")
	}
}

// After a gap of more than a lease a keeper may have its own part run again: then no guest may be kept beside it.
func TestATenantWhoHasStalledRenewsNothing(t *testing.T) {
	tenant, asked := keeperThat(t, http.StatusNoContent)
	tenant.renewed = time.Now().Add(-tenant.lease - time.Second)
	if err := tenant.renew(t.Context()); shop.CodeOf(err) != shop.CodeNotFound || asked.Load() != 0 {
		t.Errorf("%v, %d renewals", err, asked.Load())
	}
}

func TestATenantWhoHasLostAPlaceKnows(t *testing.T) {
	tenant, _ := keeperThat(t, http.StatusNotFound)
	before := tenant.renewed
	if err := tenant.renew(t.Context()); shop.CodeOf(err) != shop.CodeNotFound || tenant.renewed != before {
		t.Errorf("%v, the last round was at %v", err, tenant.renewed)
	}
	if err := tenant.renew(t.Context()); shop.CodeOf(err) != shop.CodeNotFound {
		t.Error(err)
	}
}

func TestPlacesAreTakenFromTheCallersOn(t *testing.T) {
	s := &shopfile.Shop{Supervisors: map[string]string{}}
	for _, part := range []string{"bank-a", "bank-b", "gateway", "inventory", "links", "load", "payments"} {
		s.Supervisors[part] = "http://" + part + ":1"
	}
	if got, want := places(s), []string{"load", "gateway", "payments", "inventory", "bank-a", "bank-b", "links"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	delete(s.Supervisors, "links")
	if err := checkTenant(s, &Terms{By: "Ada", Links: true}); shop.CodeOf(err) != shop.CodeInvalid {
		t.Errorf("a tenant who needs links: %v", err)
	}
	if err := checkTenant(&shopfile.Shop{}, &Terms{By: "Ada"}); shop.CodeOf(err) != shop.CodeInvalid {
		t.Errorf("a shop that nobody lends: %v", err)
	}
}
