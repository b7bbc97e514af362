package resilience

// A ClosedGate decides what becomes of work that cannot be recorded. Any goroutine may
// use it.
type ClosedGate struct {
	guard
	unrecorded *refusal
}

// NewFailClosed makes the gate before what the target records.
func NewFailClosed(r *Registry, target string) *ClosedGate {
	g := &ClosedGate{guard: newGuard(r, FailClosed, target)}
	g.unrecorded = g.refusal("unrecorded")
	return g
}

// Closed says whether the protection is on.
func (g *ClosedGate) Closed() bool { return g.on() }

// Open says whether work may be done though it cannot be recorded: never while the
// protection is on, which counts it as refused.
func (g *ClosedGate) Open() bool {
	if !g.on() {
		return true
	}
	g.unrecorded.count.Inc()
	return false
}
