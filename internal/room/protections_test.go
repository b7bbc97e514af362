package room_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"brownout/internal/htmltest"
	"brownout/internal/resilience"
	"brownout/internal/room"
)

// protects says whether a protection of a part is on.
func (p *part) protects(t *testing.T, name resilience.Name) bool {
	t.Helper()
	q, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.ready.Admin+"/admin/protections", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+adminToken)
	got, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	var states []resilience.State
	if err := json.NewDecoder(got.Body).Decode(&states); err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.Name == name {
			return s.On
		}
	}
	t.Fatalf("%s has no %s", p.name, name)
	return false
}

func TestProtectionsAreSwitched(t *testing.T) {
	gateway, payments := runPart(t, "gateway"), runPart(t, "payments")
	v := visit(t, room.Config{Shop: always(shopOf(gateway, payments))})
	for _, tt := range []struct {
		press             string
		message           string
		gateway, payments bool
	}{
		{"gateway breaker off", "breaker is off in gateway.", false, true},
		{"payments breaker off", "breaker is off in payments.", false, false},
		{"gateway breaker on", "breaker is on in gateway.", true, false},
		{"all breaker off", "breaker is off in gateway, payments.", false, false},
		{"all breaker on", "breaker is on in gateway, payments.", true, true},
	} {
		if status, message := v.press("/protections", "switch", tt.press); status != http.StatusOK || message != tt.message {
			t.Errorf("%s: %d %s", tt.press, status, message)
		}
		if g, p := gateway.protects(t, resilience.Breaker), payments.protects(t, resilience.Breaker); g != tt.gateway || p != tt.payments {
			t.Errorf("%s: on in gateway %v, in payments %v", tt.press, g, p)
		}
		body := v.get("/protections").body
		for part, on := range map[string]bool{"gateway": tt.gateway, "payments": tt.payments} {
			next := map[bool]string{true: "off", false: "on"}[on]
			if want := `value="` + part + ` breaker ` + next + `" role="switch" aria-checked="` + map[bool]string{true: "true", false: "false"}[on] + `"`; !strings.Contains(body, want) {
				t.Errorf("%s: the page has no %s", tt.press, want)
			}
		}
	}
}

func TestSwitchesThatAreNotThere(t *testing.T) {
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway")))})
	for press, status := range map[string]int{
		"": 400, "breaker": 400, "gateway breaker": 400, "gateway breaker maybe": 400, "gateway door on": 400, "gateway breaker off more": 400, "warehouse breaker off": 404,
	} {
		if got, message := v.press("/protections", "switch", press); got != status {
			t.Errorf("%q: %d %s, want %d", press, got, message, status)
		}
	}
}

func TestNothingIsSwitchedInAShopWithoutParts(t *testing.T) {
	if status, message := visit(t, room.Config{}).press("/protections", "switch", "all breaker off"); status != http.StatusNotFound || message != "The shop has no part with protections." {
		t.Errorf("%d %s", status, message)
	}
}

func TestEveryProtectionHasItsSwitch(t *testing.T) {
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway")))})
	body := v.get("/protections").body
	for _, name := range resilience.Names() {
		if !strings.Contains(body, `aria-label="`+string(name)+` in gateway"`) || !strings.Contains(body, `id="`+string(name)+`"`) {
			t.Errorf("%s has none", name)
		}
	}
}

// Budgets, ramps and limits have no words of their own: what their metrics say is told in some.
func TestFiguresOfProtectionsAreToldInWords(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: func(int64) string {
		return `
brownout_protection_retry_budget_retries{target="payments"} 7
brownout_protection_slow_start_calls_per_second{target="inventory"} 0
brownout_protection_slow_start_calls_per_second{target="payments"} 42
brownout_protection_adaptive_limit_calls{target="payments"} 64
`
	}}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	if status, message := v.press("/protections", "switch", "gateway adaptive-limit on"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	for _, want := range []struct{ protection, target, text string }{
		{"retry-budget", "payments", "7 retries left"},
		{"slow-start", "inventory", "lets all through"},
		{"slow-start", "payments", "lets 42 a second through"},
		{"adaptive-limit", "payments", "at most 64 at once"},
	} {
		eventually(t, want.protection+" of "+want.target+" "+want.text, func() bool {
			cards := htmltest.Parse(t, v.get("/protections").body).All("li", "card")
			return slices.ContainsFunc(cards, func(card htmltest.Node) bool {
				return strings.HasPrefix(card.Text(), want.protection+" gateway → "+want.target+" ") && strings.HasSuffix(card.Text(), want.text)
			})
		})
	}
}

// There are dozens of cards: what refuses something is not to be looked for.
func TestWhatRefusesComesFirst(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: func(n int64) string {
		return fmt.Sprintf(`
brownout_protection_retry_budget_retries{target="payments"} 0
brownout_protection_slow_start_calls_per_second{target="inventory"} 0
brownout_protection_slow_start_calls_per_second{target="payments"} 42
brownout_protection_rejections_total{protection="slow-start",target="payments"} %d
`, n)
	}}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	eventually(t, "slow-start before payments comes first", func() bool {
		cards := htmltest.Parse(t, v.get("/protections").body).All("li", "card")
		return len(cards) > 3 && strings.HasPrefix(cards[0].Text(), "slow-start gateway → payments ") && strings.HasPrefix(cards[1].Text(), "memory-bound gateway → ")
	})
}
