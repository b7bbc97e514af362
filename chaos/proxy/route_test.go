package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/chaos/proxy"
)

func TestRoutes(t *testing.T) {
	for _, tt := range []struct{ text, wrong string }{
		{"gateway-payments=127.0.0.1:9001=127.0.0.1:8081", ""},
		{"a=:0=[::1]:80", ""},
		{"a=h:1=redis.local:6379", ""},
		{"", "is not of the form NAME=LISTEN=UPSTREAM"},
		{"a=127.0.0.1:1", "is not of the form NAME=LISTEN=UPSTREAM"},
		{"=h:1=h:2", "the name must"},
		{"All=h:1=h:2", "the name must"},
		{"all=h:1=h:2", "the name must"},
		{strings.Repeat("a", 65) + "=h:1=h:2", "the name must"},
		{"a=h=h:2", `"h" is not of the form HOST:PORT`},
		{"a=h:1=h:", `"h:" is not of the form HOST:PORT`},
		{"a=h:1=h:2=h:3", `"h:2=h:3" is not of the form HOST:PORT`},
	} {
		r, err := proxy.ParseRoute(tt.text)
		if tt.wrong == "" && (err != nil || r.Name+"="+r.Listen+"="+r.Upstream != tt.text) {
			t.Errorf("%s: %+v, %v", tt.text, r, err)
		}
		if tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.wrong)
		}
	}
}

func TestRoutesOfOneProcess(t *testing.T) {
	many := make([]string, proxy.MaxLinks+1)
	for i := range many {
		many[i] = fmt.Sprintf("l-%d=h:1=h:2", i)
	}
	for _, tt := range []struct {
		texts []string
		wrong string
	}{
		{many[1:], ""},
		{nil, "from 1 to 64 links"},
		{many, "from 1 to 64 links"},
		{[]string{"a=h:1=h:2", "b=h:1=h:2", "a=h:3=h:4"}, "two links a"},
		{[]string{"a=h:1=h:2", "b"}, `"b" is not of the form`},
	} {
		routes, err := proxy.ParseRoutes(tt.texts)
		if tt.wrong == "" && (err != nil || len(routes) != len(tt.texts)) {
			t.Errorf("%q: %v, %v", tt.texts, routes, err)
		}
		if tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%q: %v, want %s", tt.texts, err, tt.wrong)
		}
	}
}

// FuzzRoute parses any text: a route that is taken has all its parts.
func FuzzRoute(f *testing.F) {
	f.Add("gateway-payments=127.0.0.1:9001=127.0.0.1:8081")
	f.Add("a==")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := proxy.ParseRoute(text)
		if err == nil && (r.Name == "" || r.Listen == "" || r.Upstream == "" || r.Name+"="+r.Listen+"="+r.Upstream != text) {
			t.Errorf("%q became %+v", text, r)
		}
	})
}
