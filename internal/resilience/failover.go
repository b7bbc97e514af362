package resilience

// A FailoverGate says how many downstreams that can do the same may be tried.
// Any goroutine may use it.
type FailoverGate struct{ guard }

// NewFailover makes a gate for what the target does.
func NewFailover(r *Registry, target string) *FailoverGate {
	return &FailoverGate{newGuard(r, Failover, target)}
}

// Candidates returns how many of n alternatives may be tried: all, or, while the
// protection is off, the first.
func (f *FailoverGate) Candidates(n int) int {
	if f.on() {
		return max(n, 0)
	}
	return min(max(n, 0), 1)
}

// Used counts that an alternative other than the first was used.
func (f *FailoverGate) Used() { f.admitted.Inc() }
