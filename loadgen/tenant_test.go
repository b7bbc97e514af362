package loadgen_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/evidence"
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

// all are the requests of a part, in order.
func all(p loadgen.Part) (due []time.Duration, actions []loadgen.Action) {
	for seq := int64(0); ; seq++ {
		at, more := p.Pacer.At(seq)
		if !more {
			return due, actions
		}
		due, actions = append(due, at), append(actions, p.Scenario.Next(seq))
	}
}

func TestCrowdOfATenantComesBesideAllOthers(t *testing.T) {
	shop := twoTenants(newMarket(t), 6)
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: shop, Doer: newMarket(t), Mix: parseMix(t, "browse=1,product=1,login=1,checkout=2,order=1,refund=1")})
	for _, text := range []string{"constant", "poisson"} {
		usual := loadgen.Arrivals{Text: text, Rate: 300, Length: 4 * time.Second, Seed: 1}
		surged := usual
		surged.Surges = []loadgen.Surge{
			{Factor: 6, At: time.Second, Width: 2 * time.Second, Tenant: "small"}, // a third of 300, and 5 times that beyond
			{Factor: 2, At: 3 * time.Second, Width: time.Second},
		}
		part, err := shoppers.Come(surged)
		if err != nil {
			t.Fatal(err)
		}
		due, actions := all(part)
		small := 0
		for i, action := range actions {
			var sample evidence.Sample
			action.Read(&sample, nil)
			if sample.Tenant == "small" && due[i] >= time.Second && due[i] < 3*time.Second {
				small++
			}
		}
		beside, whole := 1000, 4*300+300
		if got := len(due) - beside; got < whole*9/10 || got > whole*11/10 {
			t.Errorf("%s: %d requests, want about %d", text, len(due), whole+beside)
		}
		if usual := 2 * 300 * 2 / 3 / 3; small < (beside+usual)*9/10 || small > (beside+usual)*11/10 { // who looks is nobody known
			t.Errorf("%s: %d of the small tenant in the surge, want about %d", text, small, beside+usual)
		}
	}
}

// Whatever a crowd asks for, somebody known asks for it.
func TestCrowdIsOfOneTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		shoppers := prepared(t, loadgen.ShoppersConfig{Shop: twoTenants(m, 6), Doer: m, Run: "r"})
		part, err := shoppers.Come(loadgen.Arrivals{
			Rate: 1, Length: time.Second, Surges: []loadgen.Surge{{Factor: 1000, Width: time.Second, Tenant: "small"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		m.requests = nil
		crowd := 0
		for _, s := range attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{Pacer: part.Pacer, Scenario: part.Scenario, Doer: m})) {
			if s.Tenant == "small" {
				crowd++
			}
		}
		others := 0
		for _, r := range m.requests {
			_, who, known := strings.Cut(r, " c-")
			if strings.Contains(r, "/v1/login") == known || known && !isSmall("c-"+who) {
				others++
			}
		}
		if crowd < 333 || crowd > 334 || others > 1 || len(m.strange) > 0 {
			t.Errorf("%d requests of the crowd and %d others; the shop wondered about %v", crowd, others, m.strange)
		}
	})
}

func TestWrongCrowdsAreTold(t *testing.T) {
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: twoTenants(newMarket(t), 6), Doer: newMarket(t)})
	for _, tt := range []struct {
		surge loadgen.Surge
		want  string
	}{
		{loadgen.Surge{Factor: 2, Tenant: "none"}, `nobody who shops is of tenant "none"`},
		{loadgen.Surge{Factor: 0.5, Tenant: "small"}, "factor 0.5: must be from 1 to 1000"},
		{loadgen.Surge{Factor: 1001, Tenant: "small"}, "factor 1001: must be from 1 to 1000"},
		{loadgen.Surge{Factor: -1}, "factor -1: must be from 0 to 1000"},
	} {
		a := loadgen.Arrivals{Rate: 1, Length: time.Second, Surges: []loadgen.Surge{tt.surge}}
		if _, err := shoppers.Come(a); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want …%s…", tt.surge, err, tt.want)
		}
	}
	if _, err := (loadgen.Arrivals{Rate: 1, Length: time.Second, Surges: []loadgen.Surge{{Factor: 2, Tenant: "small"}}}).Pacer(); err == nil {
		t.Error("a schedule knows tenants")
	}
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

// Two crowds are each of their own tenant, and none is lost, repeated or taken for another.
func TestCrowdsOfTwoTenantsAreToldApart(t *testing.T) {
	shop := twoTenants(newMarket(t), 6) // four of t, two of small
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: shop, Doer: newMarket(t), Mix: parseMix(t, "order=1")})
	part, err := shoppers.Come(loadgen.Arrivals{Rate: 300, Length: 2 * time.Second, Surges: []loadgen.Surge{
		{Factor: 4, At: time.Second, Width: time.Second, Tenant: "small"}, // 100, and 300 beyond
		{Factor: 2, At: time.Second, Width: time.Second, Tenant: "t"},     // 200, and 200 beyond
	}})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	due, actions := all(part)
	for i, action := range actions {
		var sample evidence.Sample
		action.Read(&sample, nil)
		if due[i] >= time.Second {
			counts[sample.Tenant]++
		}
	}
	if len(due) != 600+300+200 || !slices.IsSorted(due) {
		t.Errorf("%d requests, sorted %v; want 1100", len(due), slices.IsSorted(due))
	}
	for tenant, want := range map[string]int{"small": 400, "t": 400} {
		if got := counts[tenant]; got < want*9/10 || got > want*11/10 {
			t.Errorf("%d requests of %s in the surge, want about %d", got, tenant, want)
		}
	}
}

// A crowd is as large as the usual rate says at its time, and does not outlast the run.
func TestCrowdFollowsTheUsualRate(t *testing.T) {
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: twoTenants(newMarket(t), 6), Doer: newMarket(t), Mix: parseMix(t, "order=1")})
	small := func(at, width time.Duration) loadgen.Surge {
		return loadgen.Surge{Factor: 4, At: at, Width: width, Tenant: "small"}
	}
	for _, tt := range []struct {
		text   string
		surges []loadgen.Surge
		want   int // as many as usual, and those beyond
	}{
		{"step:100,500", []loadgen.Surge{small(time.Second, time.Second)}, 600 + 500},
		{"step:100,500", []loadgen.Surge{small(0, time.Second)}, 600 + 100},
		{"", []loadgen.Surge{small(time.Second, 9*time.Second)}, 600 + 300},
		{"", []loadgen.Surge{small(0, time.Second), {Factor: 2, Width: time.Second}}, 900 + 600},
	} {
		part, err := shoppers.Come(loadgen.Arrivals{Text: tt.text, Rate: 300, Length: 2 * time.Second, Surges: tt.surges})
		if err != nil {
			t.Fatal(err)
		}
		if due, _ := all(part); len(due) != tt.want || part.Pacer.Length() != 2*time.Second {
			t.Errorf("%q, %+v: %d requests in %v, want %d", tt.text, tt.surges, len(due), part.Pacer.Length(), tt.want)
		}
	}
}
