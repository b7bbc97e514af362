package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// as returns the Authorization header of a user, who logs in if need be.
func (w *town) as(user string) []string {
	w.T.Helper()
	if w.tokens[user] == "" {
		w.tokens[user] = w.login(user).AccessToken
	}
	return []string{"Authorization", "Bearer " + w.tokens[user]}
}

func (w *town) login(user string) shop.Tokens {
	w.T.Helper()
	a := w.Do("POST", "/v1/login", fmt.Sprintf(`{"user":%q,"password":%q}`, user, password))
	w.wantStatus("login of "+user, a, 200)
	return decode[shop.Tokens](w.T, a.Body)
}

func decode[T any](t testing.TB, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v, json.RejectUnknownMembers(true)); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return v
}

// card is one that pays.
const card = "card-1"

func basket(card string, products ...string) string {
	var lines []string
	for _, p := range products {
		lines = append(lines, fmt.Sprintf(`{"product":%q,"quantity":2}`, p))
	}
	return fmt.Sprintf(`{"lines":[%s],"card":%q}`, strings.Join(lines, ","), card)
}

// checkout orders two pieces of p0000 for ann.
func (w *town) checkout(key string) servicetest.Answer {
	w.T.Helper()
	return w.send("ann", key, "/v1/checkout", basket(card, "p0000"))
}

func (w *town) send(user, key, target, body string) servicetest.Answer {
	w.T.Helper()
	return w.Do("POST", target, body, slices.Concat(w.as(user), []string{shop.HeaderIdempotencyKey, key})...)
}

func (w *town) get(user, target string) servicetest.Answer {
	w.T.Helper()
	return w.Do("GET", target, "", w.as(user)...)
}

// sent sends a request of ann's to a gateway that may crash before it answers, and says
// whether it did answer.
func (w *town) sent(key, target, body string) (answered bool) {
	w.T.Helper()
	headers := service.Fields{{Name: "Authorization", Value: w.as("ann")[1]}, {Name: shop.HeaderIdempotencyKey, Value: key}}
	r := &service.Request{Method: "POST", Path: target, Body: []byte(body), Headers: headers, Received: time.Now()}
	got := loop.NewPromise[service.Response](w.Task.Loop(), "answer")
	w.Dispatcher.Dispatch(r, func(r service.Response) { got.Resolve(r) })
	return w.Task.WithTimeout(20*time.Second, func() error { _, err := loop.Await(w.Task, got); return err }) == nil
}

func (w *town) wantStatus(what string, a servicetest.Answer, status int) {
	w.T.Helper()
	if a.Status != status {
		w.T.Errorf("%s: %d %s, want %d", what, a.Status, a.Body, status)
	}
}

// wantProblem checks the status, the code and the place of an error: "409 wrong-state /x".
func (w *town) wantProblem(what string, a servicetest.Answer, want string) {
	w.T.Helper()
	p := decode[shop.Problem](w.T, a.Body)
	if got := strings.TrimSpace(fmt.Sprint(a.Status, " ", p.Code, " ", p.Pointer)); got != want {
		w.T.Errorf("%s: %s (%s), want %s", what, got, p.Detail, want)
	}
}

// order returns an order as its customer sees it.
func (w *town) order(a servicetest.Answer) shop.Order {
	w.T.Helper()
	return decode[shop.Order](w.T, a.Body)
}
