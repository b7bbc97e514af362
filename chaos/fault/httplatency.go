package fault

import "brownout/internal/loop"

// httpLatency is a service that has become slow, for no reason that its own figures show:
// its loop is idle, its pool is at rest.
func httpLatency(h Host) Kind {
	return Kind{
		Name:    "http.latency",
		Summary: "Delays requests before they are handled.",
		Missing: missing(h.Filter != nil, "routes"),
		Params: []Param{
			routeParam(),
			{Name: "latency", Help: "how long", Type: Duration, Default: "200ms", Min: "0s", Max: "1m"},
			{Name: "jitter", Help: "give or take up to so much", Type: Duration, Default: "0s", Max: "1m"},
		},
		Start: func(i *Injection) error {
			latency, jitter := i.Duration("latency"), i.Duration("jitter")
			return h.Filter.add(i, func(t *loop.Task, h *harmer) error {
				if !h.hits(t, 1) {
					return nil
				}
				return h.keep(t, i.Jitter(latency, jitter))
			})
		},
	}
}
