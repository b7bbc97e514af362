package service

import (
	"errors"
	"strings"
	"testing"

	"brownout/internal/loop"
)

func routes(t *testing.T, patterns ...string) *router {
	t.Helper()
	var all []Route
	for _, p := range patterns {
		method, pattern, _ := strings.Cut(p, " ")
		handle := func(*loop.Task, *Request) (Response, error) { return Response{}, nil }
		all = append(all, Route{Name: p, Method: method, Pattern: pattern, Handle: handle})
	}
	return newRouter(all)
}

func TestRouterFinds(t *testing.T) {
	rt := routes(t, "GET /", "GET /v1/a", "POST /v1/a", "GET /v1/a/{id}", "POST /v1/a/{id}/b", "GET /v1/x/{p}/y/{q}")
	for _, tt := range []struct {
		method, path, want, params string
		err                        error
	}{
		{"GET", "/", "GET /", "", nil},
		{"GET", "/v1/a", "GET /v1/a", "", nil},
		{"POST", "/v1/a", "POST /v1/a", "", nil},
		{"PUT", "/v1/a", "", "", errNoMethod},
		{"GET", "/v1/a/", "", "", errNoPath},
		{"GET", "/v1/a/7", "GET /v1/a/{id}", "7", nil},
		{"DELETE", "/v1/a/7", "", "", errNoMethod},
		{"POST", "/v1/a/7/b", "POST /v1/a/{id}/b", "7", nil},
		{"POST", "/v1/a//b", "", "", errNoPath},
		{"POST", "/v1/a/7/b/", "", "", errNoPath},
		{"POST", "/v1/a/7/c", "", "", errNoPath},
		{"GET", "/v1/x/1/y/2", "GET /v1/x/{p}/y/{q}", "1 2", nil},
		{"GET", "/v1/x/1/y", "", "", errNoPath},
		{"GET", "/v1/x/1/y/2/3", "", "", errNoPath},
		{"GET", "/v2", "", "", errNoPath},
		{"GET", "", "", "", errNoPath},
	} {
		var params [maxParams]string
		r, err := rt.find(tt.method, tt.path, &params)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s %q: error %v, want %v", tt.method, tt.path, err, tt.err)
		}
		if err != nil {
			continue
		}
		if got := strings.TrimSpace(strings.Join(params[:], " ")); r.Name != tt.want || got != tt.params {
			t.Errorf("%s %q: %s with %q, want %s with %q", tt.method, tt.path, r.Name, got, tt.want, tt.params)
		}
	}
}

func TestRouterRefusesRoutesThatCollide(t *testing.T) {
	for _, patterns := range [][]string{
		{"GET /a", "GET /a"},
		{"GET /a/{x}", "GET /a/{y}"},
		{"GET a"},
		{"GET /{a}/{b}/{c}"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q were taken", patterns)
				}
			}()
			routes(t, patterns...)
		}()
	}
}

func FuzzRouter(f *testing.F) {
	f.Add("/v1/a/7/b")
	f.Fuzz(func(t *testing.T, path string) {
		var params [maxParams]string
		rt := routes(t, "GET /v1/{a}/b", "GET /v1/{a}/{b}")
		r, err := rt.find("GET", path, &params)
		if err != nil {
			return
		}
		want := strings.NewReplacer("{a}", params[0], "{b}", params[1]).Replace(r.Pattern)
		if want != path {
			t.Errorf("%q is taken for %q", path, want)
		}
	})
}
