package proxy

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

// A Route says where a link listens and where it leads.
type Route struct {
	// Name is that of both ends: "gateway-payments".
	Name string
	// Listen and Upstream are addresses, host:port; port 0 to listen at any that is free.
	Listen, Upstream string
}

// routeName bounds the names of links: they stand in metrics and as values of parameters.
var routeName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// ParseRoute reads a route of the form NAME=LISTEN=UPSTREAM.
func ParseRoute(text string) (Route, error) {
	name, rest, _ := strings.Cut(text, "=")
	listen, upstream, ok := strings.Cut(rest, "=")
	r := Route{name, listen, upstream}
	switch {
	case !ok:
		return r, fmt.Errorf("%q is not of the form NAME=LISTEN=UPSTREAM", text)
	case !routeName.MatchString(name) || name == allLinks:
		return r, fmt.Errorf("%q: the name must begin with a small letter, have only those, digits and -, 64 at most, and not be %s", text, allLinks)
	}
	for _, addr := range []string{listen, upstream} {
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
			return r, fmt.Errorf("%q: %q is not of the form HOST:PORT", text, addr)
		}
	}
	return r, nil
}

// ParseRoutes reads routes of different names, from one to MaxLinks.
func ParseRoutes(texts []string) ([]Route, error) {
	if len(texts) == 0 || len(texts) > MaxLinks {
		return nil, fmt.Errorf("there must be from 1 to %d links", MaxLinks)
	}
	routes := make([]Route, len(texts))
	names := map[string]bool{}
	var errs []error
	for i, text := range texts {
		r, err := ParseRoute(text)
		if err == nil && names[r.Name] {
			err = fmt.Errorf("there are two links %s", r.Name)
		}
		names[r.Name], routes[i] = true, r
		errs = append(errs, err)
	}
	return routes, errors.Join(errs...)
}

// MaxLinks bounds the links of a process.
const MaxLinks = 64
