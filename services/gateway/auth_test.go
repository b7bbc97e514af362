package gateway_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"brownout/internal/resilience"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// claimsOf are those of a good token of ann's, with some of them changed; nil takes one
// out.
func claimsOf(changes jwt.MapClaims) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{
		"iss": "brownout", "aud": "shop", "sub": "ann", "tenant": "north", "role": "customer",
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": "1",
	}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func signed(t *testing.T, method jwt.SigningMethod, key any, changes jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claimsOf(changes)).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestOnlyGoodAccessTokensAreTaken(t *testing.T) {
	key := signingKey()
	public := []byte(key.Public().(ed25519.PublicKey))
	other := ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", 32)))
	inTown(t, func(w *town) {
		ours := func(changes jwt.MapClaims) string {
			return "Bearer " + signed(t, jwt.SigningMethodEdDSA, key, changes)
		}
		good := ours(nil)
		forged := strings.Split(good, ".")
		forged[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"brownout","aud":"shop","sub":"ops","tenant":"north","role":"operator","exp":99999999999}`))
		for _, tt := range []struct {
			what, header string
			status       int
		}{
			{"good", good, 200},
			{"the scheme in lower case", "bearer " + good[7:], 200},
			{"none", "", 401},
			{"no token", "Bearer ", 401},
			{"another scheme", "Basic " + good[7:], 401},
			{"no scheme", good[7:], 401},
			{"something behind", good + " x", 401},
			{"alg none", "Bearer " + signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), 401},
			{"HS256 with the public key", "Bearer " + signed(t, jwt.SigningMethodHS256, public, nil), 401},
			{"another key", "Bearer " + signed(t, jwt.SigningMethodEdDSA, other, nil), 401},
			{"other claims under its signature", strings.Join(forged, "."), 401},
			{"no signature", strings.Join(forged[:2], ".") + ".", 401},
			{"another issuer", ours(jwt.MapClaims{"iss": "someone"}), 401},
			{"no issuer", ours(jwt.MapClaims{"iss": nil}), 401},
			{"another audience", ours(jwt.MapClaims{"aud": "bank"}), 401},
			{"no audience", ours(jwt.MapClaims{"aud": nil}), 401},
			{"expired", ours(jwt.MapClaims{"exp": time.Now().Unix()}), 401},
			{"no expiry", ours(jwt.MapClaims{"exp": nil}), 401},
			{"issued in the future", ours(jwt.MapClaims{"iat": time.Now().Add(time.Minute).Unix()}), 401},
			{"not valid yet", ours(jwt.MapClaims{"nbf": time.Now().Add(time.Minute).Unix()}), 401},
			{"no subject", ours(jwt.MapClaims{"sub": nil}), 401},
			{"a subject that is no name", ours(jwt.MapClaims{"sub": "ann/k1"}), 401},
			{"no tenant", ours(jwt.MapClaims{"tenant": nil}), 401},
			{"no role", ours(jwt.MapClaims{"role": nil}), 401},
			{"another role", ours(jwt.MapClaims{"role": "root"}), 401},
			{"too long", ours(jwt.MapClaims{"more": strings.Repeat("x", 4000)}), 401},
		} {
			for range 2 { // what was verified once is known
				a := w.Do("GET", "/v1/orders", "", "Authorization", tt.header)
				w.wantStatus(tt.what, a, tt.status)
				if challenge := a.Header["WWW-Authenticate"]; (tt.status == 401) != (challenge == "Bearer") {
					t.Errorf("%s: WWW-Authenticate %q", tt.what, challenge)
				}
			}
		}
		w.sleep(time.Minute)
		w.wantStatus("known, but expired", w.Do("GET", "/v1/orders", "", "Authorization", good), 401)
	})
}

func TestLoginTellsNobodyWhatWasWrong(t *testing.T) {
	inTown(t, func(w *town) {
		wrong := w.Do("POST", "/v1/login", `{"user":"ann","password":"wrong"}`)
		unknown := w.Do("POST", "/v1/login", fmt.Sprintf(`{"user":"nobody","password":%q}`, password))
		w.wantProblem("wrong", wrong, "401 unauthenticated")
		want(t, "unknown and wrong", unknown, wrong)
		for body, place := range map[string]string{
			`{"user":"","password":"x"}`:                                  "/user",
			`{"user":"ann","password":""}`:                                "/password",
			`{"user":"ann"}`:                                              "/password",
			`{"user":"ann","password":1}`:                                 "/password",
			`{"user":"a n","password":"x"}`:                               "/user",
			`{"user":"ann","password":"` + strings.Repeat("x", 73) + `"}`: "/password",
		} {
			w.wantProblem(body, w.Do("POST", "/v1/login", body), "400 invalid-request "+place)
		}
	})
}

func TestUsersAreChecked(t *testing.T) {
	good := users(t)
	ofCost := func(cost string) []byte { return slices.Concat([]byte("$2a$"+cost), good[1].PasswordHash[6:]) }
	for _, tt := range []struct {
		what   string
		change func(u *gateway.User)
		want   string
	}{
		{"good", func(*gateway.User) {}, ""},
		{"no id", func(u *gateway.User) { u.ID = "" }, "invalid-request: /1/id: must not be empty"},
		{"an id twice", func(u *gateway.User) { u.ID = "ann" }, "invalid-request: /1/id: is that of an earlier user"},
		{"no tenant", func(u *gateway.User) { u.Tenant = "" }, "invalid-request: /1/tenant: must not be empty"},
		{"another role", func(u *gateway.User) { u.Role = "root" }, "invalid-request: /1/role: must be customer or operator"},
		{"no hash", func(u *gateway.User) { u.PasswordHash = []byte("x") }, "invalid-request: /1/password_hash: is no bcrypt hash"},
		{"a dear hash", func(u *gateway.User) { u.PasswordHash = ofCost("14") }, ""},
		{"too dear a hash", func(u *gateway.User) { u.PasswordHash = ofCost("15") },
			"invalid-request: /1/password_hash: has a cost of 15, more than 14"},
	} {
		all := slices.Clone(good)
		tt.change(&all[1])
		got := ""
		if err := gateway.CheckUsers(all); err != nil {
			got = err.Error()
		}
		want(t, tt.what, got, tt.want)
	}
	want(t, "too many", gateway.CheckUsers(make([]gateway.User, gateway.MaxUsers+1)) != nil, true)
}

func TestRefreshTokensAreGoodOnce(t *testing.T) {
	inTown(t, func(w *town) {
		refresh := func(token string) (shop.Tokens, int) {
			t.Helper()
			a := w.Do("POST", "/v1/refresh", fmt.Sprintf(`{"refresh_token":%q}`, token))
			if a.Status != 200 {
				w.wantProblem("refresh", a, "401 unauthenticated")
				return shop.Tokens{}, a.Status
			}
			want(t, "Cache-Control", a.Header["Cache-Control"], "no-store")
			return decode[shop.Tokens](t, a.Body), a.Status
		}
		wantStatus := func(what, token string, status int) shop.Tokens {
			t.Helper()
			tokens, got := refresh(token)
			want(t, what, got, status)
			return tokens
		}
		first := w.login("ann")
		want(t, "type", first.TokenType, "Bearer")
		want(t, "expires", first.ExpiresIn, int64(900))
		second := wantStatus("the first", first.RefreshToken, 200)
		w.wantStatus("its access token", w.Do("GET", "/v1/orders", "", "Authorization", "Bearer "+second.AccessToken), 200)
		third := wantStatus("the second", second.RefreshToken, 200)
		elsewhere := w.login("ann")
		wantStatus("the first again", first.RefreshToken, 401)
		wantStatus("the third, of a session that is revoked", third.RefreshToken, 401)
		elsewhere = wantStatus("another session", elsewhere.RefreshToken, 200)
		wantStatus("none that was given", "x", 401)

		logout := fmt.Sprintf(`{"refresh_token":%q}`, elsewhere.RefreshToken)
		w.wantStatus("logout", w.Do("POST", "/v1/logout", logout), 204)
		w.wantStatus("logout again", w.Do("POST", "/v1/logout", logout), 204)
		wantStatus("after logout", elsewhere.RefreshToken, 401)

		w.config.RefreshTTL = time.Minute
		w.crash()
		old, renewed := w.login("ann"), w.login("ann")
		w.sleep(50 * time.Second)
		renewed = wantStatus("in time", renewed.RefreshToken, 200)
		w.sleep(50 * time.Second)
		wantStatus("too late", old.RefreshToken, 401)
		wantStatus("renewed in time", renewed.RefreshToken, 200)
	})
}

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

func (w *town) renew(target, token string) servicetest.Answer {
	w.T.Helper()
	return w.Do("POST", target, fmt.Sprintf(`{"refresh_token":%q}`, token))
}

func TestSessionsAreLimitedEachForThemselves(t *testing.T) {
	for _, target := range []string{"/v1/refresh", "/v1/logout"} {
		t.Run(target, func(t *testing.T) {
			inTown(t, func(w *town) {
				mine, other := w.login("ann"), w.login("ann")
				taken := 0
				for range 30 {
					if a := w.renew(target, mine.RefreshToken); a.Status == 429 {
						w.wantProblem("too often", a, "429 rate-limited")
						want(t, "Retry-After", a.Header["Retry-After"], "1")
					} else {
						taken++
					}
				}
				want(t, "taken of 30", taken, 10)
				want(t, "asked of the store", w.calls["store: rotate"]+w.calls["store: revoke"], 10)
				w.wantStatus("another session of hers", w.renew("/v1/refresh", other.RefreshToken), 200)
				w.sleep(3 * time.Second)
				w.wantStatus("later", w.renew("/v1/logout", mine.RefreshToken), 204)
			})
		})
	}
}

// Tokens that were never given cost the store nothing, and take no session's bucket.
func TestForgedRefreshTokensReachNoStore(t *testing.T) {
	inTown(t, func(w *town) {
		good := w.login("ann").RefreshToken
		turned := func(at int) string {
			raw, err := base64.RawURLEncoding.DecodeString(good)
			if err != nil {
				t.Fatal(err)
			}
			raw[at] ^= 1
			return base64.RawURLEncoding.EncodeToString(raw)
		}
		forged := []string{"x", good[1:], good + "A", good[:len(good)-1] + "=", turned(0), turned(16), turned(32), turned(63), strings.Repeat("A", len(good))}
		for range 4 {
			for _, token := range forged {
				w.wantProblem(token, w.renew("/v1/refresh", token), "401 unauthenticated")
				w.wantStatus(token, w.renew("/v1/logout", token), 204)
			}
		}
		want(t, "asked of the store", w.calls["store: rotate"]+w.calls["store: revoke"], 0)
		w.wantStatus("the good one", w.renew("/v1/refresh", good), 200)
	})
}

func TestAUsedRefreshTokenRevokesItsSessionHoweverOld(t *testing.T) {
	inTown(t, func(w *town) {
		first := w.login("ann").RefreshToken
		newest := first
		for range 30 {
			w.sleep(2 * time.Second)
			a := w.renew("/v1/refresh", newest)
			w.wantStatus("refresh", a, 200)
			newest = decode[shop.Tokens](t, a.Body).RefreshToken
		}
		w.wantStatus("the first", w.renew("/v1/refresh", first), 401)
		w.wantStatus("the newest", w.renew("/v1/refresh", newest), 401)
	})
}

func TestAUsedRefreshTokenLogsOut(t *testing.T) {
	inTown(t, func(w *town) {
		first := w.login("ann").RefreshToken
		second := decode[shop.Tokens](t, w.renew("/v1/refresh", first).Body).RefreshToken
		w.wantStatus("logout", w.renew("/v1/logout", first), 204)
		w.wantStatus("the second", w.renew("/v1/refresh", second), 401)
	})
}
