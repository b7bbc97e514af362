package loadgen_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/shopfile"
	"brownout/loadgen"
)

// twoTenants is a shop of which every third customer is of the tenant "small".
func twoTenants(m *market, customers int) *shopfile.Shop {
	file := m.file(customers)
	for i := range file.Users {
		if i%3 == 1 { // the boss is the first
			file.Users[i].Tenant = "small"
		}
	}
	return file
}

// isSmall says whether a customer of twoTenants is of the small one.
func isSmall(customer string) bool {
	return customer == "c-0" || customer == "c-3"
}

func TestCrowdIsOfOneTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		all := prepared(t, loadgen.ShoppersConfig{Shop: twoTenants(m, 6), Doer: m, Run: "r"})
		crowd, err := all.Of("small")
		if err != nil {
			t.Fatal(err)
		}
		if share := crowd.Among(all); share != 1.0/3 {
			t.Errorf("the share of the crowd is %v", share)
		}
		m.requests = nil
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1000, time.Second), Scenario: crowd, Doer: m,
		}))
		for _, s := range samples {
			if s.Tenant != "small" {
				t.Fatalf("of nobody known: %+v", s)
			}
		}
		for _, r := range m.requests {
			if _, who, found := strings.Cut(r, " c-"); strings.Contains(r, "/v1/login") == found || found && !isSmall("c-"+who) {
				t.Fatalf("%s is not a request of the crowd", r)
			}
		}
		if len(samples) != 1000 || len(m.strange) > 0 {
			t.Errorf("%d samples; the shop wondered about %v", len(samples), m.strange)
		}
		if _, err := all.Of("none"); err == nil || !strings.Contains(err.Error(), `"none"`) {
			t.Errorf("the customers of nobody: %v", err)
		}
	})
}

func TestSamplesSayWhoseCustomerAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		shoppers := prepared(t, loadgen.ShoppersConfig{Shop: twoTenants(m, 6), Doer: m, Mix: parseMix(t, "browse=1,checkout=2,refund=1"), Run: "r"})
		small := 0
		for _, s := range attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(400, time.Second), Scenario: shoppers, Doer: m,
		})) {
			want := "t"
			switch {
			case s.Route == loadgen.RouteBrowse:
				want = ""
			case isSmall(s.Reference.Customer()):
				want = "small"
				small++
			}
			if s.Tenant != want {
				t.Fatalf("%+v, want tenant %q", s, want)
			}
		}
		if small < 50 || small > 150 {
			t.Errorf("%d requests of the small tenant, want about 100", small)
		}
	})
}
