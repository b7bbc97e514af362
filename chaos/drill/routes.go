package drill

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// mixShape reads routes and weights, in the order of loadgen.Routes whatever the file's is.
type mixShape struct{ to *loadgen.Mix }

func (m mixShape) dict(to *map[string]int) shape {
	return dict(to, len(routes()), textRule{of: routes()}, func(n *int) shape { return count(n, 0, 1_000_000) })
}

func (m mixShape) read(r *reader, n ast.Node, path string) {
	var weights map[string]int
	before := len(r.problems)
	m.dict(&weights).read(r, n, path)
	if len(r.problems) > before {
		return
	}
	var parts []string
	for _, route := range routes() {
		if weight, ok := weights[route]; ok {
			parts = append(parts, fmt.Sprintf("%s=%d", route, weight))
		}
	}
	if len(parts) == 0 {
		r.wrong(path, "has no route; want one of %s", strings.Join(routes(), ", "))
		return
	}
	mix, err := loadgen.ParseMix(strings.Join(parts, ","))
	if err != nil {
		r.wrong(path, "%v", err)
		return
	}
	*m.to = mix
}

func (m mixShape) schema() schema {
	s := m.dict(new(map[string]int)).schema()
	s["minProperties"] = 1
	return s
}

// patienceShape reads times by route, and that of all others.
type patienceShape struct{ to *evidence.Patience }

// otherRoutes is the name under which a patience has that of the routes it does not name.
const otherRoutes = "default"

func (p patienceShape) dict(to *map[string]time.Duration) shape {
	names := append([]string{otherRoutes}, routes()...)
	return dict(to, len(names), textRule{of: names}, func(d *time.Duration) shape {
		return duration(d, 10*time.Millisecond, time.Minute)
	})
}

func (p patienceShape) read(r *reader, n ast.Node, path string) {
	var all map[string]time.Duration
	before := len(r.problems)
	p.dict(&all).read(r, n, path)
	if len(r.problems) > before {
		return
	}
	d, ok := all[otherRoutes]
	if !ok {
		r.wrong(path, "has no %s, which is needed: that of the routes without a time of their own", otherRoutes)
		return
	}
	delete(all, otherRoutes)
	*p.to = evidence.Patience{Default: d, Routes: all}
}

func (p patienceShape) schema() schema {
	s := p.dict(new(map[string]time.Duration)).schema()
	s["required"] = []string{otherRoutes}
	return s
}

// routesShape reads a route, a list of them, or "all", which is nil.
type routesShape struct{ to *[]string }

// allRoutes is what stands for every route.
const allRoutes = "all"

func (s routesShape) read(r *reader, n ast.Node, path string) {
	if _, isList := n.(*ast.SequenceNode); isList {
		list(s.to, 1, len(routes()), func(route *string) shape { return choice(route, routes()...) }).read(r, n, path)
		return
	}
	var one string
	choice(&one, append([]string{allRoutes}, routes()...)...).read(r, n, path)
	if one != "" && one != allRoutes {
		*s.to = []string{one}
	}
}

func (s routesShape) schema() schema {
	return schema{"oneOf": []schema{
		{"enum": append([]string{allRoutes}, routes()...)},
		{"type": "array", "items": schema{"enum": routes()}, "minItems": 1, "maxItems": len(routes())},
	}}
}
