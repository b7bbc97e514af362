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
