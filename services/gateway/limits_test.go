package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service/servicetest"
)

func TestCustomersAreLimitedEachForThemselves(t *testing.T) {
	inRoughTown(t, func(w *town) {
		w.as("ann")
		w.as("bob")
		count := func(user string) (taken int) {
			for range 300 {
				a := w.Do("GET", "/v1/orders/"+strings.Repeat("x", 65), "", w.as(user)...)
				if a.Status == 400 {
					taken++
					continue
				}
				w.wantProblem(user, a, "429 rate-limited")
				want(t, "Retry-After", a.Header["Retry-After"], "1")
			}
			return taken
		}
		ann := count("ann")
		if ann < 190 || ann > 210 {
			t.Errorf("%d of 300 requests at once were taken, the burst is 200", ann)
		}
		if bob := count("bob"); bob < 190 {
			t.Errorf("bob's %d", bob)
		}
		if err := w.Runtime.Protections.Set(map[resilience.Name]bool{resilience.RateLimit: false}); err != nil {
			t.Fatal(err)
		}
		want(t, "without the limit", count("ann"), 300)
	})
}

// logins tries to log in n times with a wrong password, and counts how often it is
// looked at. The other times must be told to be too many.
func (w *town) logins(n int, user func(i int) string) (tried int) {
	w.T.Helper()
	for i := range n {
		a := w.Do("POST", "/v1/login", fmt.Sprintf(`{"user":%q,"password":"wrong"}`, user(i)))
		if a.Status == 401 {
			tried++
			continue
		}
		w.wantProblem(user(i), a, "429 rate-limited")
	}
	return tried
}

func TestGuessersAreSlow(t *testing.T) {
	inRoughTown(t, func(w *town) {
		ann := func(int) string { return "ann" }
		want(t, "at once", w.logins(30, ann), 20)
		w.login("bob")
		w.sleep(time.Second)
		if n := w.logins(30, ann); n < 5 || n > 7 {
			t.Errorf("after a second, %d more are tried, 5 come back in that time", n)
		}
		w.sleep(5 * time.Second)
		w.login("ann")
	})
}

// How often a name may be tried must not tell whether it is a user's, whatever else is
// tried beside it.
func TestLimitsTellNobodyWhichNamesThereAre(t *testing.T) {
	inRoughTown(t, func(w *town) {
		w.logins(100, func(i int) string { return fmt.Sprint("x", i) })
		for i := range 60 {
			if i == 40 {
				w.sleep(time.Second)
			}
			user := w.Do("POST", "/v1/login", `{"user":"ann","password":"wrong"}`)
			none := w.Do("POST", "/v1/login", `{"user":"zoe","password":"wrong"}`)
			want(t, fmt.Sprint("attempt ", i), none.Status, user.Status)
			want(t, fmt.Sprint("headers of attempt ", i), none.Header, user.Header)
			want(t, fmt.Sprint("body of attempt ", i), none.Body, user.Body)
			if i < 20 || i == 39 { // while they are tried, one or two come back
				want(t, fmt.Sprint("limited at ", i), user.Status == 429, i == 39)
			}
		}
	})
}

func TestStrangersTakeNoCustomersBucket(t *testing.T) {
	inRoughTown(t, func(w *town) {
		w.config.Rate = resilience.RateConfig{Rate: 0.001, Burst: 1, Keys: 2}
		w.crash()
		w.wantStatus("the first", w.get("ann", "/v1/orders"), 200)
		w.logins(30, func(i int) string { return fmt.Sprint("x", i) })
		w.wantStatus("the second, too soon", w.get("ann", "/v1/orders"), 429)
	})
}

// Ann of north asks for much at once while eve of south has a request under way.
func TestATenantHasItsShare(t *testing.T) {
	for _, on := range []bool{true, false} {
		inTown(t, func(w *town) {
			w.as("ann")
			w.as("eve")
			if err := w.Runtime.Protections.Set(map[resilience.Name]bool{resilience.TenantLimit: on}); err != nil {
				t.Fatal(err)
			}
			answers := map[string]int{}
			var waits []func()
			ask := func(user string) {
				waits = append(waits, w.Go(user, func(c *servicetest.Client) {
					answers[fmt.Sprint(user, " ", c.Do("GET", "/v1/orders", "", w.as(user)...).Status)]++
				}))
			}
			ask("eve")
			for range 40 {
				ask("ann")
			}
			for _, wait := range waits {
				wait()
			}
			want(t, fmt.Sprint("with tenant-limit ", on), fmt.Sprint(answers), map[bool]string{
				true: "map[ann 200:16 ann 429:24 eve 200:1]", false: "map[ann 200:40 eve 200:1]",
			}[on])
			w.wantStatus("when they have ended", w.get("ann", "/v1/orders"), 200)
		})
	}
}
