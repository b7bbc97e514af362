package service

import (
	"errors"
	"fmt"
	"strings"
)

// A router finds the route of a request. It is made once and then only read, so
// any goroutine may use it.
type router struct {
	routes []*Route
	// static holds the routes without parameters, by pattern; the others are few
	// and are tried in order.
	static map[string][]*Route
	others []*Route
}

var (
	errNoPath   = errors.New("service: no route has this path")
	errNoMethod = errors.New("service: the route does not take this method")
)

// newRouter prepares the routes. A pattern that is malformed or stands twice is an
// error of the program, and panics.
func newRouter(routes []Route) *router {
	rt := &router{static: map[string][]*Route{}}
	for i := range routes {
		r := routes[i]
		r.parse()
		rt.add(&r)
	}
	return rt
}

func (rt *router) add(r *Route) {
	for _, other := range rt.routes {
		if other.Name == r.Name || other.Method == r.Method && strings.Join(other.segments, "/") == strings.Join(r.segments, "/") {
			panic(fmt.Sprintf("service: the routes %s and %s are the same", other.Name, r.Name))
		}
	}
	rt.routes = append(rt.routes, r)
	if len(r.params) == 0 {
		rt.static[r.Pattern] = append(rt.static[r.Pattern], r)
		return
	}
	rt.others = append(rt.others, r)
}

// parse splits the pattern.
func (r *Route) parse() {
	if !strings.HasPrefix(r.Pattern, "/") || r.Name == "" || r.Method == "" || r.Handle == nil {
		panic(fmt.Sprintf("service: route %q is incomplete", r.Name))
	}
	for segment := range strings.SplitSeq(r.Pattern[1:], "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			r.params = append(r.params, strings.TrimSuffix(name, "}"))
			segment = ""
		}
		r.segments = append(r.segments, segment)
	}
	if len(r.params) > maxParams {
		panic(fmt.Sprintf("service: pattern %s has more than %d parameters", r.Pattern, maxParams))
	}
}

// find returns the route of a request, and fills in the parameters of its path.
func (rt *router) find(method, path string, params *[maxParams]string) (*Route, error) {
	err := errNoPath
	for _, r := range rt.static[path] {
		if r.Method == method {
			return r, nil
		}
		err = errNoMethod
	}
	for _, r := range rt.others {
		if !r.matches(path, params) {
			continue
		}
		if r.Method == method {
			return r, nil
		}
		err = errNoMethod
	}
	return nil, err
}

// matches says whether the path has the form of the pattern. A parameter is one
// segment that is not empty.
func (r *Route) matches(path string, params *[maxParams]string) bool {
	rest, found := path, 0
	for i, want := range r.segments {
		if rest == "" || rest[0] != '/' {
			return false
		}
		segment := rest[1:]
		rest = ""
		if at := strings.IndexByte(segment, '/'); at >= 0 && i < len(r.segments)-1 {
			segment, rest = segment[:at], segment[at:]
		}
		switch {
		case want == "" && segment != "" && strings.IndexByte(segment, '/') < 0:
			params[found] = segment
			found++
		case want == "" || want != segment:
			return false
		}
	}
	return rest == ""
}

// methods lists the methods that a path takes, as the Allow header does (RFC 9110,
// 10.2.1).
func (rt *router) methods(path string) string {
	var methods []string
	var params [maxParams]string
	for _, r := range rt.routes {
		if r.matches(path, &params) {
			methods = append(methods, r.Method)
		}
	}
	return strings.Join(methods, ", ")
}

// names lists the names of all routes.
func (rt *router) names() []string {
	names := make([]string, len(rt.routes))
	for i, r := range rt.routes {
		names[i] = r.Name
	}
	return names
}
