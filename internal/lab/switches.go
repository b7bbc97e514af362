package lab

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"brownout/internal/resilience"
	"brownout/internal/shopfile"
)

// switches are the protections of a shop's parts, on or off, by part.
type switches map[string]map[resilience.Name]bool

// readSwitches asks all parts for theirs. One that does not answer begins with its own again, as
// one that dies does.
func readSwitches(ctx context.Context, s *shopfile.Shop) switches {
	all := switches{}
	for _, part := range slices.Sorted(maps.Keys(s.Admin)) {
		var states []resilience.State
		if part == linksName || protections(ctx, s, part, http.MethodGet, nil, &states) != nil {
			continue
		}
		all[part] = map[resilience.Name]bool{}
		for _, state := range states {
			all[part][state.Name] = state.On
		}
	}
	return all
}

// restore switches all parts as they were.
func (all switches) restore(ctx context.Context, s *shopfile.Shop) {
	for part, states := range all {
		_ = protections(ctx, s, part, http.MethodPut, states, nil) // or it has died, and begins anew
	}
}

// protections asks a part for its protections, or switches them.
func protections(ctx context.Context, s *shopfile.Shop, part, method string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return remote{s.Admin[part], s.AdminToken}.call(ctx, method, "/admin/protections", in, out)
}
