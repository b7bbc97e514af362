package gateway_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

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
