package proxy

import "brownout/chaos/fault"

// netOneway is a cable of which one wire is cut. If it is that of the replies, what was asked for is done, and
// nobody is told.
func netOneway(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.oneway",
		Summary: "Lets nothing pass a link in one direction, and tells nobody; at its end, what was held passes.",
		Missing: h.missing(),
		Params:  []fault.Param{h.linkParam(), directionParam("what does not pass", Replies, Replies, Requests)},
		Start:   h.start(func(i *fault.Injection) Toxic { return Timeout(direction(i)) }),
	}
}
