package proxy

import (
	"time"

	"brownout/chaos/fault"
)

// ResetPeer resets connections: those that there are and those that come, each when a time has passed
// since the toxic met it. Until then all passes.
func ResetPeer(after time.Duration) Toxic {
	return Toxic{Strike: func(t *Transit) {
		if after <= 0 {
			t.Reset()
			return
		}
		due := time.Now().Add(after)
		go func() {
			if t.Until(due) {
				t.Reset()
			}
		}()
	}}
}

// netReset is a firewall that has forgotten its connections, or a peer that has crashed.
func netReset(h *host) fault.Kind {
	return fault.Kind{
		Name:    "net.reset",
		Summary: "Resets the connections of a link, those that there are and those that come.",
		Missing: h.missing(),
		Params: []fault.Param{
			h.linkParam(),
			{Name: "after", Help: "how long a connection has until it is reset", Type: fault.Duration, Default: "0s", Max: "1m"},
		},
		Start: h.start(func(i *fault.Injection) Toxic { return ResetPeer(i.Duration("after")) }),
	}
}
