package loadgen_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
	"brownout/loadgen"
)

func prepared(t testing.TB, c loadgen.ShoppersConfig) *loadgen.Shoppers {
	t.Helper()
	shoppers, err := loadgen.NewShoppers(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := shoppers.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return shoppers
}

func parseMix(t testing.TB, text string) loadgen.Mix {
	t.Helper()
	mix, err := loadgen.ParseMix(text)
	if err != nil {
		t.Fatal(err)
	}
	return mix
}

// goShopping runs shoppers against a market, some of them at a time.
func goShopping(t *testing.T, m *market, mix string, requests int64) []evidence.Sample {
	t.Helper()
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(5), Doer: m, Mix: parseMix(t, mix), Run: "r"})
	samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
		Pacer: loadgen.Constant(float64(requests), time.Second), Scenario: shoppers, Doer: m,
	}))
	expectSeqs(t, samples, int(requests))
	for _, problem := range m.strange {
		t.Error("the shop wondered about ", problem)
	}
	return samples
}

func TestShoppersKeepToTheMixAndToTheRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := goShopping(t, newMarket(t), "", 10_000)
		counts := map[string]int{}
		for _, s := range samples {
			counts[s.Route]++
			if s.Outcome != evidence.Acknowledged && s.Error != string(shop.CodeDeclined) {
				t.Fatalf("%+v", s)
			}
		}
		for _, share := range loadgen.DefaultMix() {
			if want, got := 100*share.Weight, counts[share.Route]; got < want*3/4-10 || got > want*5/4+10 {
				t.Errorf("%s: %d of 10000, want about %d", share.Route, got, want)
			}
		}
	})
}

func TestShoppersKnowAllPagesOfProducts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		goShopping(t, m, "product=1", 200)
		for i := range m.products {
			if path := fmt.Sprint("GET /v1/products/p-", i); m.count(path) == 0 {
				t.Errorf("nobody asked for %s", path)
			}
		}
	})
}

func TestWarmShoppersLookAtEachProductOnceBeforeTheLoad(t *testing.T) {
	for _, tt := range []struct {
		warm bool
		mix  string
		want int // looks at each product
	}{{true, "product=1", 1}, {true, "browse=1", 1}, {false, "product=1", 0}} {
		m := newMarket(t)
		m.down = 2 // for a while
		synctest.Test(t, func(t *testing.T) {
			prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, tt.mix), Warm: tt.warm})
		})
		for i := range m.products {
			if got := m.count(fmt.Sprint("GET /v1/products/p-", i)); got != tt.want {
				t.Errorf("warm %v, %s: product %d was looked at %d times, want %d", tt.warm, tt.mix, i, got, tt.want)
			}
		}
	}
}

func TestShopThatCannotBeWarmedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		m.without = "p-3"
		shoppers, err := loadgen.NewShoppers(loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "product=1"), Warm: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := shoppers.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "look at p-3: status 404") {
			t.Errorf("%v", err)
		}
	})
}

func TestShoppersAskAboutManyProducts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		m.products = 230
		for _, s := range goShopping(t, m, "orders=1,stock=1,quote=1", 90) {
			if s.Outcome != evidence.Acknowledged {
				t.Fatalf("%+v", s)
			}
		}
		counts := map[int]int{}
		for _, products := range m.surveyed {
			counts[len(products)]++
			slices.Sort(products)
			if len(slices.Compact(products)) != len(products) {
				t.Errorf("a product twice in %v", products)
			}
		}
		if len(counts) != 2 || counts[200] < 15 || counts[32] < 15 || m.count("GET /v1/orders") == 0 {
			t.Errorf("how often so many products were asked about: %v; %d lists of orders", counts, m.count("GET /v1/orders"))
		}
	})
}

// Of too many orders the oldest are forgotten, and each is refunded once.
func TestOrdersAreRememberedWithinBounds(t *testing.T) {
	const most, more = 10_000, 10
	m := newMarket(t)
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "refund=1")})
	checkout := shoppers.Next(0)
	var answer fasthttp.Response
	for i := range most + more {
		answer.SetBodyString(fmt.Sprintf(`{"id":"o-%d","status":"confirmed"}`, i))
		checkout.Read(&evidence.Sample{Outcome: evidence.Acknowledged}, &answer)
	}
	refunded := map[string]bool{}
	for seq := int64(1); ; seq++ {
		action := shoppers.Next(seq)
		if action.Route() != loadgen.RouteRefund {
			break
		}
		var sample evidence.Sample
		action.Read(&sample, nil)
		refunded[sample.Order] = true
	}
	if len(refunded) != most || refunded["o-0"] || refunded["o-9"] || !refunded["o-10"] {
		t.Errorf("%d refunded, o-0 %v, o-9 %v, o-10 %v", len(refunded), refunded["o-0"], refunded["o-9"], refunded["o-10"])
	}
}

func TestSamplesOfPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		for _, s := range goShopping(t, m, "checkout=3,refund=1", 200) {
			if s.Reference.Customer() == "" || !strings.HasSuffix(string(s.Reference), fmt.Sprintf("/r-%d", s.Seq)) || len(s.Digest) != 64 {
				t.Fatalf("%+v", s)
			}
			order := m.orders[s.Order]
			switch {
			case s.Outcome == evidence.Refused && s.Order == "":
			case s.Route == loadgen.RouteCheckout && order.Reference == s.Reference && order.Total == s.Total:
			case s.Route == loadgen.RouteRefund && order.Status == shop.OrderRefunded && order.Total == s.Total:
			default:
				t.Errorf("%+v, but the order is %+v", s, order)
			}
		}
	})
}

func TestADigestIsThatOfTheBody(t *testing.T) {
	m := newMarket(t)
	action := prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "checkout=1"), Run: "r"}).Next(0)
	var answer fasthttp.Response
	answer.SetBodyString("{}")
	answer.Header.Set(shop.HeaderReplayed, "true")
	sample := evidence.Sample{Outcome: evidence.Acknowledged}
	action.Read(&sample, &answer)
	digest := sha256.Sum256([]byte("{}"))
	if sample.Digest != hex.EncodeToString(digest[:]) || !sample.Replayed || sample.Reference != "c-0/r-0" {
		t.Errorf("%+v", sample)
	}
}

func TestWhatWasNotAnsweredIsStillNamed(t *testing.T) {
	m := newMarket(t)
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "refund=1"), Run: "r"})
	var first, second evidence.Sample
	checkout := shoppers.Next(0) // there is nothing to refund yet
	var request fasthttp.Request
	var answer fasthttp.Response
	checkout.Write(&request)
	_ = m.DoDeadline(&request, &answer, time.Time{})
	first.Outcome = evidence.Acknowledged
	checkout.Read(&first, &answer)
	refund := shoppers.Next(1)
	refund.Read(&second, nil)
	if checkout.Route() != loadgen.RouteCheckout || refund.Route() != loadgen.RouteRefund {
		t.Errorf("%s, then %s", checkout.Route(), refund.Route())
	}
	if second.Order == "" || second.Order != first.Order || second.Total != first.Total || second.Reference != "c-0/r-1" || second.Digest != "" {
		t.Errorf("%+v, after %+v", second, first)
	}
}

func TestWhatWasNotSentIsStillNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "checkout=1"), Run: "r"})
		samples := attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(2, time.Second), Scenario: shoppers, Doer: answerAfter(time.Second), MaxInFlight: 1,
		}))
		expectSeqs(t, samples, 2)
		if s := samples[1]; s.Outcome != evidence.Unsent || s.Reference != "c-0/r-1" {
			t.Errorf("%+v", s)
		}
	})
}

// choices writes down what shoppers would send, but for tokens.
func choices(t *testing.T, seed uint64) []string {
	t.Helper()
	m := newMarket(t)
	shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(20), Doer: m, Seed: seed, Run: "r"})
	var list []string
	for seq := range int64(200) {
		var request fasthttp.Request
		action := shoppers.Next(seq)
		action.Write(&request)
		request.Header.Del("Authorization")
		list = append(list, action.Route()+"\n"+request.String())
	}
	return list
}

func TestTheSameSeedMakesTheSameChoices(t *testing.T) {
	first := choices(t, 1)
	if !slices.Equal(first, choices(t, 1)) {
		t.Error("the same seed chose differently")
	}
	if slices.Equal(first, choices(t, 2)) {
		t.Error("another seed chose the same")
	}
}

func TestRunsDoNotShareKeys(t *testing.T) {
	m := newMarket(t)
	keys := map[string]bool{}
	for range 10 {
		var request fasthttp.Request
		prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "checkout=1")}).Next(0).Write(&request)
		keys[string(request.Header.Peek(shop.HeaderIdempotencyKey))] = true
	}
	if len(keys) != 10 {
		t.Errorf("10 runs with the keys %v", keys)
	}
}

func TestSessionsAreRenewedBeforeTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		m.life = 100 * time.Second
		shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(2), Doer: m, Mix: parseMix(t, "order=1")})
		ctx, stop := context.WithCancel(t.Context())
		go shoppers.Keep(ctx)
		samples := attack(ctx, loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, 10*time.Minute), Scenario: shoppers, Doer: m,
		}))
		stop()
		synctest.Wait()
		for _, s := range samples {
			if s.Outcome != evidence.Acknowledged {
				t.Fatalf("%+v", s)
			}
		}
		// 600 s in periods of some 75 s, after which the token is renewed.
		if n := m.count("POST /v1/refresh"); n < 14 || n > 16 {
			t.Errorf("%d renewals of 2 sessions in 10 minutes", n)
		}
		if n := m.count("POST /v1/login"); n != 2 {
			t.Errorf("%d logins of 2 customers", n)
		}
	})
}

func (m *market) count(prefix string) int {
	n := 0
	for _, request := range m.requests {
		if strings.HasPrefix(request, prefix) {
			n++
		}
	}
	return n
}

// A shop that has forgotten its customers, because it was started anew, knows them again
// soon.
func TestForgottenSessionsAreOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		shoppers := prepared(t, loadgen.ShoppersConfig{Shop: m.file(1), Doer: m, Mix: parseMix(t, "order=1")})
		ctx, stop := context.WithCancel(t.Context())
		go shoppers.Keep(ctx)
		m.mu.Lock()
		clear(m.access)
		clear(m.refresh)
		m.mu.Unlock()
		samples := attack(ctx, loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(2, 5*time.Second), Scenario: shoppers, Doer: m,
		}))
		stop()
		synctest.Wait()
		if first := samples[0]; first.Status != 401 || first.Outcome != evidence.Refused {
			t.Errorf("%+v", first)
		}
		for _, s := range samples[4:] {
			if s.Outcome != evidence.Acknowledged {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestPrepareInsists(t *testing.T) {
	for _, tt := range []struct {
		name string
		down int // requests that are refused first
		edit func(*market, *shopfile.Shop)
		want string // of the error, if any
	}{
		{"open", 0, nil, ""},
		{"opens late", 4, nil, ""},
		{"stays closed", 100, nil, "list the products: status 503: overloaded"},
		{"wrong password", 0, func(_ *market, s *shopfile.Shop) { s.Password = "guess" }, "log in c-0: status 401: unauthenticated"},
		{"empty", 0, func(m *market, _ *shopfile.Shop) { m.products = 0 }, "the shop has no products"},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMarket(t)
			m.down = tt.down
			file := m.file(1)
			if tt.edit != nil {
				tt.edit(m, file)
			}
			shoppers, err := loadgen.NewShoppers(loadgen.ShoppersConfig{Shop: file, Doer: m})
			if err != nil {
				t.Fatal(err)
			}
			if err = shoppers.Prepare(t.Context()); fmt.Sprint(err) != cmp.Or(tt.want, "<nil>") {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
		})
	}
}

func TestPrepareCanBeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMarket(t)
		m.down = 1000
		shoppers, err := loadgen.NewShoppers(loadgen.ShoppersConfig{Shop: m.file(1), Doer: m})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := shoppers.Prepare(ctx); err == nil || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestBrowsersNeedNoCustomers(t *testing.T) {
	m := newMarket(t)
	prepared(t, loadgen.ShoppersConfig{Shop: m.file(0), Doer: m, Mix: parseMix(t, "browse=1,product=1")})
	if n := m.count("POST"); n != 0 {
		t.Errorf("%v", m.requests)
	}
	for _, c := range []loadgen.ShoppersConfig{{Shop: m.file(0), Doer: m}, {Shop: m.file(1), Doer: m, Run: "a/b"}} {
		if _, err := loadgen.NewShoppers(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestMixesSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"browse", `"browse": want ROUTE=WEIGHT`},
		{"sleep=1", `"sleep" is no route`},
		{"browse=-1", `"-1" is no weight`},
		{"browse=1.5", `"1.5" is no weight`},
		{"browse=1000001", "from 0 to 1000000"},
		{"browse=1,browse=2", "browse comes twice"},
		{"browse=0,browse=2", "browse comes twice"},
		{"browse=0", "no weight is above 0"},
		{"browse=1,", `"": want ROUTE=WEIGHT`},
	} {
		if _, err := loadgen.ParseMix(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
		}
	}
}
