package room_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"brownout/internal/room"
)

func TestOnlyThisMachinesNamesAreAnswered(t *testing.T) {
	v := visit(t, room.Config{Hosts: []string{"127.0.0.1:17070"}})
	port := v.url[strings.LastIndex(v.url, ":"):]
	for host, status := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "[::1]" + port: 200, "127.0.0.1:17070": 200,
		"127.0.0.1": 421, "127.0.0.1:1": 421, "evil.example": 421, "evil.example" + port: 421, "127.0.0.1.evil.example" + port: 421,
		"localhost.evil.example" + port: 421, "127.0.0.2" + port: 421, "LOCALHOST" + port: 421,
	} {
		q := v.request("GET", "/runs", "")
		q.Host = host
		if a := v.do(q); a.status != status {
			t.Errorf("%s: %d, want %d", host, a.status, status)
		}
	}
}

// headers are pairs of name and value; "-" leaves one out.
func TestOnlyPagesOfTheRoomPressItsButtons(t *testing.T) {
	v := visit(t, room.Config{})
	for _, tt := range []struct {
		name    string
		headers []string
		token   string // "" for the right one
		alone   bool   // without its cookie
		status  int
	}{
		{"the page", nil, "", false, 200},
		{"the page, as a browser says it", []string{"Sec-Fetch-Site", "same-origin"}, "", false, 200},
		{"no Origin, same site", []string{"Origin", "-", "Sec-Fetch-Site", "same-origin"}, "", false, 200},
		{"no Origin", []string{"Origin", "-"}, "", false, 403},
		{"no Origin, typed", []string{"Origin", "-", "Sec-Fetch-Site", "none"}, "", false, 403},
		{"another site", []string{"Origin", "https://evil.example"}, "", false, 403},
		{"another site that is told", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, "", false, 403},
		{"another site, and a lie", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"}, "", false, 403},
		{"another port", []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, "", false, 403},
		{"another scheme", []string{"Origin", strings.Replace(v.url, "http:", "https:", 1)}, "", false, 403},
		{"another name", []string{"Origin", strings.Replace(v.url, "127.0.0.1", "localhost", 1)}, "", false, 403},
		{"a file", []string{"Origin", "null"}, "", false, 403},
		{"no token", nil, "-", false, 403},
		{"a token that is made up", nil, strings.Repeat("0", 64), false, 403},
		{"no cookie", nil, "", true, 403},
	} {
		q := v.form("/theme", "theme", "dark")
		for i := 0; i < len(tt.headers); i += 2 {
			q.Header.Del(tt.headers[i])
			if tt.headers[i+1] != "-" {
				q.Header.Set(tt.headers[i], tt.headers[i+1])
			}
		}
		if tt.token != "" {
			q = withToken(v, q, tt.token)
		}
		visitor := *v
		if tt.alone {
			visitor.http = &http.Client{Timeout: patience}
		}
		if a := visitor.do(q); a.status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, a.status, a.body, tt.status)
		}
	}
}

// withToken sends the same with another token.
func withToken(v *visitor, q *http.Request, token string) *http.Request {
	other := v.request("POST", q.URL.Path, url.Values{"theme": {"dark"}, "token": {token}}.Encode())
	other.Header = q.Header
	return other
}

// The token of one browser is nothing to another.
func TestTokensGoWithTheirCookies(t *testing.T) {
	one := visit(t, room.Config{})
	other := visit(t, room.Config{})
	other.url = one.url
	q := one.form("/theme", "theme", "dark")
	_ = other.token() // and with it a cookie of its own
	if a := other.do(q); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestOtherSitesMayOnlyLink(t *testing.T) {
	v := visit(t, room.Config{})
	for _, tt := range []struct {
		site, mode string
		status     int
	}{
		{"cross-site", "navigate", 200}, {"same-site", "navigate", 200}, {"none", "navigate", 200}, {"same-origin", "cors", 200},
		{"cross-site", "no-cors", 403}, {"cross-site", "cors", 403}, {"same-site", "no-cors", 403}, {"cross-site", "", 403},
	} {
		q := v.request("GET", "/runs", "")
		q.Header.Set("Sec-Fetch-Site", tt.site)
		q.Header.Set("Sec-Fetch-Mode", tt.mode)
		if a := v.do(q); a.status != tt.status {
			t.Errorf("%s, %s: %d, want %d", tt.site, tt.mode, a.status, tt.status)
		}
	}
}

func TestHeadersOfAllAnswers(t *testing.T) {
	v := visit(t, room.Config{})
	for _, path := range []string{"/", "/nowhere", "/static/room.js"} {
		h := v.get(path).header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s: %s", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
	}
	for _, cookie := range v.do(v.request("GET", "/runs", "")).header.Values("Set-Cookie") {
		t.Errorf("a second page gets a second cookie: %s", cookie)
	}
	cookie := visit(t, room.Config{}).get("/").header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("the cookie is %s", cookie)
	}
}

func TestFormsAreBounded(t *testing.T) {
	v := visit(t, room.Config{})
	if a := v.do(v.form("/theme", "theme", "dark", "more", strings.Repeat("x", 100<<10))); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if a := v.do(v.request(method, "/faults", "")); a.status != http.StatusMethodNotAllowed || !strings.Contains(a.header.Get("Allow"), "POST") {
			t.Errorf("%s: %d, allowed is %s", method, a.status, a.header.Get("Allow"))
		}
	}
	if a := v.do(v.form("/runs")); a.status != http.StatusMethodNotAllowed {
		t.Errorf("a page is pressed: %d", a.status)
	}
}

func TestThemesStay(t *testing.T) {
	v := visit(t, room.Config{})
	for _, theme := range []string{"dark", "light"} {
		q := v.form("/theme", "theme", theme, "back", "/runs")
		q.Header.Del("Accept") // without the script
		a := v.do(q)
		if a.status != 200 || !strings.Contains(a.body, `data-theme="`+theme+`"`) || !strings.Contains(a.body, "<h1>Runs</h1>") {
			t.Errorf("%s: %d %s", theme, a.status, a.body)
		}
	}
	if status, message := v.press("/theme", "theme", "pink"); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, message)
	}
}

// A form leads nowhere but to the room.
func TestFormsLeadBackHere(t *testing.T) {
	v := visit(t, room.Config{})
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for back, want := range map[string]string{
		"/runs": "/runs", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "": "/", "javascript:alert(1)": "/",
	} {
		q := v.form("/theme", "theme", "", "back", back)
		q.Header.Del("Accept")
		if a := v.do(q); a.status != http.StatusSeeOther || a.header.Get("Location") != want {
			t.Errorf("%q: %d, to %q", back, a.status, a.header.Get("Location"))
		}
	}
}
