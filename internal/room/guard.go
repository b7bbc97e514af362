package room

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"slices"
)

const (
	// maxForm bounds what a button sends, in bytes.
	maxForm = 64 << 10
	// sessionCookie tells a browser from others. Its value is the key to a token that forms carry.
	sessionCookie = "brownout-room"
	// tokenField is the field of a form that has the token.
	tokenField = "token"
)

// The policy of all pages: nothing but what the room itself serves, in no frame.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard answers those only who ask for this machine by name, and keeps what other sites have a
// browser send from being seen or pressed.
func (r *Room) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		setHeaders(w.Header())
		q.Body = http.MaxBytesReader(w, q.Body, maxForm)
		switch {
		case !r.knowsHost(q):
			http.Error(w, "This port answers to its loopback address only.", http.StatusMisdirectedRequest)
		case isForeign(q):
			http.Error(w, "Other sites may link to this page, and no more.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, q)
		}
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // a form that sends no referrer sends no Origin either
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// knowsHost refuses names that somebody else's DNS has given to this machine: a page that was loaded
// by such a name could read and press what is here.
func (r *Room) knowsHost(q *http.Request) bool {
	if slices.Contains(r.config.Hosts, q.Host) {
		return true
	}
	local, ok := q.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	_, port, err := net.SplitHostPort(local.String())
	return err == nil && slices.ContainsFunc([]string{"127.0.0.1", "localhost", "::1"}, func(name string) bool {
		return q.Host == net.JoinHostPort(name, port)
	})
}

// isForeign says whether another site's page asks for more than to be left for this one.
func isForeign(q *http.Request) bool {
	switch q.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // no browser, or an old one; ourselves; the person
		return false
	}
	return q.Method != http.MethodGet || q.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// Why a button was not pressed. The first is for who asks from elsewhere, the second for who has had the
// page open since before the room was started.
var (
	errOrigin = errors.New("this was not sent from a page of the control room")
	errToken  = errors.New("this page is older than the control room: load it again")
)

// checkPress returns why a request may press no button, nil if it may.
func (r *Room) checkPress(q *http.Request) error {
	if origin := q.Header.Get("Origin"); origin != "http://"+q.Host &&
		(origin != "" || q.Header.Get("Sec-Fetch-Site") != "same-origin") {
		return errOrigin
	}
	session, err := q.Cookie(sessionCookie)
	if err != nil || !hmac.Equal([]byte(r.tokenOf(session.Value)), []byte(q.PostFormValue(tokenField))) {
		return errToken
	}
	return nil
}

// token returns the token for the forms of a page, and gives the browser a cookie if it has none.
func (r *Room) token(w http.ResponseWriter, q *http.Request) string {
	if session, err := q.Cookie(sessionCookie); err == nil {
		return r.tokenOf(session.Value)
	}
	session := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	return r.tokenOf(session)
}

// tokenOf makes the token that goes with a cookie. Without the key, which lives as long as the room,
// nobody else can.
func (r *Room) tokenOf(session string) string {
	mac := hmac.New(sha256.New, r.key)
	_, _ = mac.Write([]byte(session)) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}
