package proxy

import "time"

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
