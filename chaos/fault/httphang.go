package fault

import "brownout/internal/loop"

// httpHang is a service that takes requests and does not answer. Those that it keeps end by
// their deadlines, or go on when the fault ends.
func httpHang(h Host) Kind {
	return Kind{
		Name:    "http.hang",
		Summary: "Keeps requests without an answer until their deadlines.",
		Missing: missing(h.Filter != nil, "routes"),
		Params:  []Param{routeParam()},
		Start: func(i *Injection) error {
			return h.Filter.add(i, func(t *loop.Task, h *harmer) error {
				if !h.hits(t, 1) {
					return nil
				}
				return h.hang(t)
			})
		},
	}
}
